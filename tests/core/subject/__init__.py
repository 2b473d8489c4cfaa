"""A file for each subject of a decision."""
