"""`make bench-compare`: its statistics, the other commit's tree, the command."""
