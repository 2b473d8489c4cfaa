"""A document of our own kinds that is written: judged among those that there are.

What it brings is refused, all at once; what was wrong before is not, so that a broken set of
documents is mended step by step, in any order. Deleting is never refused: it is an emergency switch
too, and a last good policy stays in force; who uses what goes is said.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from webhook.core.decision import Decision, Verdict, Violation
from webhook.core.errors import Fault
from webhook.core.policy import decode
from webhook.core.policy.catalogue import catalogue, fault
from webhook.core.policy.check import check
from webhook.core.policy.check_classes import missing_priority_classes
from webhook.core.policy.documents import KINDS, Document, GPUClass, GPUNode, GPUNodePool, GPUPolicy
from webhook.core.policy.nearest import suggest_all
from webhook.core.review import Request

NAME = "document"
"""Stands for a rule in messages and metrics; no policy sets it apart."""

_ORDER = "apply what is named first: PriorityClasses, then pools, classes, the policy"
_NO_POLICY = (
    "without a GPUPolicy no pod is placed and none refused; mode Off does the same and keeps it"
)
_STAYS = "the last good policy stays in force until then"

_read_json = msgspec.json.Decoder(dict[str, object]).decode


def judge(request: Request, documents: Sequence[Document]) -> Decision:
    """Judge a write of a document of our own kinds beside the documents that there are.

    Raises what `review.UNREADABLE` lists for an object that is no JSON object.
    """
    if request.operation == "DELETE":
        return _allow(_consequences(request, documents))
    source = f"{request.kind.kind.lower()}/{request.name}"
    written, own = _read(request.object, source)
    old, known = _read(request.old_object, source)
    if written is None:
        return _decide(_new(own, known), (), source)
    others = tuple(each for each in documents if _identity(each) != _identity(written))
    # The written one stands last: of two that contradict one another, it is to blame.
    found = _check((*others, written))
    errors = [each for each in found if each.severity == "error"]
    warnings = [each for each in found if each.severity == "warning"]
    # What was wrong before is asked for only where something is: documents may be thousands.
    is_sound = not errors and all(each.source == source for each in warnings)
    before = () if is_sound else _check((*others, old) if old else others)
    told = (*(each for each in warnings if each.source == source), *_new(warnings, before))
    return _decide(_new(errors, before), dict.fromkeys(told), source)


def _read(raw: msgspec.Raw, source: str) -> tuple[Document | None, tuple[Fault, ...]]:
    """Read one of a request's objects; there is none where it is null."""
    if bytes(raw) == b"null":
        return None, ()
    return decode.read_object(_read_json(raw), source)


def _identity(document: Document) -> tuple[type[Document], str]:
    return type(document), document.name


def _check(documents: Sequence[Document]) -> tuple[Fault, ...]:
    """Check as in a cluster, whose PriorityClasses are all known: one that is missing is an error.

    A pod that names it would be refused by the API server (the Priority admission plug-in).
    """
    missing = tuple(_missing(documents))
    places = {(each.source, each.path) for each in missing}
    others = (each for each in check(documents) if (each.source, each.path) not in places)
    return (*others, *missing)


def _missing(documents: Sequence[Document]) -> Iterator[Fault]:
    everything = catalogue(documents, "")
    for each in everything.classes.values():
        for path, name in missing_priority_classes(each, everything):
            known = suggest_all(name, everything.priority_classes)
            yield fault(each, path, f"there is no PriorityClass {name}; {known}")


def _new(found: Iterable[Fault], before: Iterable[Fault]) -> list[Fault]:
    """Give the faults that are not among those before, wherever in a list they stand now."""
    known = {_gist(each) for each in before}
    return [each for each in found if _gist(each) not in known]


def _gist(each: Fault) -> tuple[str, str, str]:
    """Give what makes a fault the same: not its index, nor the names that it suggests."""
    path = re.sub(r"\[\d+\]", "[]", each.path)
    return each.source, path, each.message.partition(";")[0]


def _decide(errors: Sequence[Fault], warnings: Iterable[Fault], source: str) -> Decision:
    """Refuse where there are errors; `source` names the written document, which needs no name."""
    told = tuple(f"{_place(each, source)}: {each.message}" for each in warnings)
    if not errors:
        return _allow(told)
    violations = (
        Violation(rule=NAME, path=_place(each, source), message=_advised(each.message))
        for each in errors
    )
    return Decision(
        verdict=Verdict.DENY,
        reason="a document that is not sound",
        violations=tuple(violations),
        warnings=told,
        rules=(NAME,),
    )


def _allow(warnings: tuple[str, ...]) -> Decision:
    return Decision(
        verdict=Verdict.ALLOW,
        reason="a document of ours",
        warnings=warnings,
        rules=(NAME,) if warnings else (),
    )


def _place(each: Fault, source: str) -> str:
    return each.path if each.source in {source, ""} else f"{each.source} {each.path}"


def _advised(message: str) -> str:
    return f"{message}; {_ORDER}" if message.startswith("there is no ") else message


def _consequences(request: Request, documents: Sequence[Document]) -> tuple[str, ...]:
    """Say what follows when a document goes."""
    everything, name = catalogue(documents, ""), request.name
    kind = KINDS.get(request.kind.kind)
    if kind is GPUNodePool:
        classes = everything.classes.values()
        users = [each.name for each in classes if name in {pool.name for pool in each.pools}]
        declared = [each.name for each in everything.nodes.values() if each.pool == name]
        return (
            *_still_named(f"pool {name}", GPUClass, users),
            *_still_named(f"pool {name}", GPUNode, declared),
        )
    if kind is GPUNode:
        return (f"node {name} stays, and so do its labels and taints",)
    if kind is GPUClass:
        users = [each.name for each in everything.policies if each.default_class == name]
        return _still_named(f"class {name}", GPUPolicy, users) or (
            f"GPU pods that name class {name} are refused from now on; those that there are stay",
        )
    return (_NO_POLICY,)


def _still_named(what: str, kind: type[Document], users: Sequence[str]) -> tuple[str, ...]:
    if not users:
        return ()
    names = ", ".join(sorted(users))
    return (f"{what} is still named by {kind.__name__} {names}: change that; {_STAYS}",)
