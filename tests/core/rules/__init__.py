"""A file for each rule: what it changes, refuses and says, and what it leaves alone."""
