"""The subjects of a decision, a file each: which rules meet a GPU pod, a CPU pod, a workload.

A subject puts rules in order and turns what they say into one `Decision`. No rule is written here.
"""
