"""The work of whoever sets the server up: certificates now, the elected leader's duties later.

It writes what it makes where it is told, decides nothing about pods, and serves nothing.
"""
