"""Documents derived from nodes."""
