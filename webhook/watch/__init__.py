"""Snapshots: what the policies and the cluster say now, from files or from the API server.

This room owns reading and watching; it hands out immutable values and keeps the last good one.
It decides nothing, and it may import the core only.
"""
