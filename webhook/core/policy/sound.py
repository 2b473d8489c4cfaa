"""What is sound of documents that do not go together: better than no policy at all.

A server that starts while a broken document lies in the cluster has no last good policy to keep.
It begins with what is left without the broken ones: their pods are refused by name, all others are
served. The GPUPolicy itself can only do without its default class.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from webhook.core.errors import Fault
from webhook.core.policy.check import check
from webhook.core.policy.documents import Document, GPUPolicy
from webhook.core.policy.policy import Policy, compile_policy

_DEFAULT_CLASS = "spec.defaultClass"


def compile_sound(documents: Sequence[Document]) -> Policy | None:
    """Prepare a policy from the documents that go together; None where no GPUPolicy is left."""
    left = tuple(documents)
    while errors := _errors(left):
        fewer = tuple(_without(left, errors))
        if len(fewer) == len(left) and fewer == left:
            return None
        left = fewer
    return compile_policy(left)


def _errors(documents: Sequence[Document]) -> tuple[Fault, ...]:
    return tuple(each for each in check(documents) if each.severity == "error")


def _without(documents: Iterable[Document], errors: Iterable[Fault]) -> Iterable[Document]:
    """Give the documents that no error blames; each round blames what needed one of the last."""
    blamed = {each.source: each.path for each in errors}
    for document in documents:
        if document.source not in blamed:
            yield document
        elif isinstance(document, GPUPolicy) and blamed[document.source] == _DEFAULT_CLASS:
            yield replace(document, default_class=None)
