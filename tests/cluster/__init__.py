"""A real control plane on one machine: built from source, started for tests and for the demo.

Nothing here is simulated except the nodes and what kubelets would report (`simulation`).
"""
