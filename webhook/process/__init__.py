"""What every long-running program of ours has: settings, log lines, listening sockets, probes.

The server and the controller share this room; it knows neither policies nor Kubernetes, and it may
import the core only.
"""
