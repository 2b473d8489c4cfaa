"""`make profile`: what samples are counted as, the tables, the command."""
