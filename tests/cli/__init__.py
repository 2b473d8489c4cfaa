"""The command line: a file a module of webhook/cli."""
