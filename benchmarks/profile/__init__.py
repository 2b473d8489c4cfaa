"""Where the time of a review goes in a server under load: `make profile`.

This package owns the sampling of a worker, and to which part of the work a sample belongs.
"""
