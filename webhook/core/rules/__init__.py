"""The rules: one file each, and nothing in them but what the rule says.

Rules that write are named by a verb (`inject`, `restore`): pod in, pod out, the same object where
there is nothing to do, so that a second pass changes nothing. Rules that judge are `find`: they
give every violation they see, with the field's path as in the pod. Neither knows of patches,
requests on the wire, or modes.
"""
