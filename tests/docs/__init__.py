"""The documentation agrees with the code: what can be generated is, what runs is run."""
