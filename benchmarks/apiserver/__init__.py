"""What a pod costs to create through a real API server, with this webhook and others before it.

`python -m benchmarks.apiserver` (`make bench-apiserver`). The arms are namespaces of one API
server, each with its own registration; load, figures and Go programs are those of `benchmarks`.
"""
