"""The server against a Go server that makes the same decisions: `make bench`.

This package owns the Go programs, what is sent to both sides, and how the figures are made and
shown. It measures over the wire only, and it may not change what it measures.
"""
