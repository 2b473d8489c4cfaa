"""What every long-running program of ours has."""
