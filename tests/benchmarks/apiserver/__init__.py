"""The benchmark through an API server: its pods, its arms, its figures, and one short run."""
