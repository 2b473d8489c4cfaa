"""Documents for a cluster that has none yet: pools derived from the GPU nodes that are there.

Nodes go in, documents with the reason of each come out, and notes on what they can not tell. What
is derived is checked by the same functions that decide later. Nothing here knows where nodes come
from or where documents go.
"""
