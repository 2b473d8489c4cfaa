"""What grows with what: `make bench-growth`.

This package owns the pods and clusters of many sizes, and the tables that say how a review, a
start, a compilation and memory grow with them. Servers, load and arithmetic are those of the
package above.
"""
