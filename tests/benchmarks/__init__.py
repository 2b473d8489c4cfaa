"""The benchmark: its arithmetic, its tables and plot, what both sides are asked."""
