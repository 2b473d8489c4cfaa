"""The documents that say what a class means, from text to one prepared, immutable policy.

Text is read strictly, every fault is located, and nothing here decides about a pod.
"""
