"""What a running cluster has that its policy would not have made: nodes, pods, agents, namespaces.

A file is a family of findings; its docstring is their documentation (docs/audit.md). An inventory
and a policy go in, findings come out. Nothing is changed, and nothing here knows where an
inventory comes from; the clock is handed in.
"""
