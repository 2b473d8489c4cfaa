"""The decision: values in, values out.

This room owns what gpuclass decides about pods and workloads, and the documents that say so.
It reads no file, no clock, no cluster and no environment, and it holds no state: whoever calls
`decide` hands in the request and one immutable policy.
"""
