"""`make bench-growth`: its cases, its tables, the command."""
