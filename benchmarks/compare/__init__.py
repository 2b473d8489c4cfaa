"""Whether a change made the server slower: `make bench-compare BASE=<commit>`.

This package owns the other commit's tree and environment, the rounds of both servers, and what may
be concluded from them. How a server is loaded and watched is that of `benchmarks`.
"""
