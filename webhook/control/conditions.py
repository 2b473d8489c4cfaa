"""Whether a document is in force, and what is amiss: its two conditions, as a pure function.

Ready: the document is in force as it stands. Degraded: something is amiss, and the condition says
what. A document that is not in force leaves the last good policy in force, which both say.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from webhook.control.inventory import Inventory
from webhook.control.reasons import Reason
from webhook.core.errors import Fault
from webhook.core.policy.catalogue import Catalogue, catalogue
from webhook.core.policy.check_classes import missing_priority_classes
from webhook.core.policy.documents import Document, GPUClass, GPUNode, GPUNodePool, GPUPolicy
from webhook.core.policy.policy import Policy
from webhook.core.policy.status import DEGRADED, READY, Condition, ConditionStatus
from webhook.core.text import shown

MAX_MESSAGE = 1024
"""Characters of a condition's message: a reader has the log for more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What documents there are, what is wrong with them, and which are in force.

    A fault's `source` is `kind/name` in lower case, as kubectl writes it. `policy` is the last good
    one; None before there was one. `known` and `kept` are the documents that there are, and those
    that are in force, by name.
    """

    documents: tuple[Document, ...]
    faults: tuple[Fault, ...]
    policy: Policy | None
    inventory: Inventory
    known: Catalogue = field(init=False, compare=False, repr=False)
    kept: Catalogue = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Sort the documents once: each of them is asked for others."""
        object.__setattr__(self, "known", catalogue(self.documents, ""))
        object.__setattr__(self, "kept", catalogue(self.in_force, ""))

    @property
    def in_force(self) -> tuple[Document, ...]:
        """Give the documents that are in force."""
        return self.policy.documents if self.policy else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """A document of ours: its kind and name."""

    kind: str
    name: str

    @property
    def source(self) -> str:
        """Name it as faults do: `gpuclass/training`."""
        return f"{self.kind.lower()}/{self.name}"


def find(name: Name, everything: Catalogue) -> Document | None:
    """Give the document of a name, if there is one that can be read."""
    kinds: Mapping[str, Mapping[str, Document]] = {
        GPUClass.__name__: everything.classes,
        GPUNode.__name__: everything.nodes,
        GPUNodePool.__name__: everything.pools,
        GPUPolicy.__name__: {each.name: each for each in everything.policies},
    }
    return kinds.get(name.kind, {}).get(name.name)


def conditions_of(name: Name, state: State) -> tuple[Condition, Condition]:
    """Say of one document whether it is Ready and whether it is Degraded."""
    own = [each for each in state.faults if each.source == name.source]
    refused = [each for each in own if each.severity == "error"]
    others = [each for each in state.faults if each.severity == "error" and each not in own]
    document = find(name, state.known)
    kept = _kept(state.policy)
    if refused:
        text = f"{_listed(refused)}. {kept}"
        return condition(READY, "Refused", text), degrade(Reason.REFUSED, text)
    if document is None or document != find(name, state.kept):
        text = f"waits for other documents: {_listed(others)}. {kept}"
        return condition(READY, "Waiting", text), degrade(Reason.WAITING, text)
    ready = condition(READY, "InForce", f"in force, {revision_of(state.policy)}", holds=True)
    if others and name.kind == GPUPolicy.__name__:
        text = f"{_listed(others)}. {kept}"
        return ready, degrade(Reason.OTHER_DOCUMENTS_REFUSED, text)
    missing = _missing(document, state)
    if missing:
        return ready, degrade(Reason.PRIORITY_CLASS_MISSING, missing)
    return ready, condition(
        DEGRADED, "Advised" if own else "AsExpected", _listed(own) if own else ""
    )


def _missing(document: Document, state: State) -> str:
    """Say that pods of a class will be refused; Kubernetes admits none that names what is not."""
    if not isinstance(document, GPUClass):
        return ""
    names = [name for _, name in missing_priority_classes(document, state.known)]
    listed = ", ".join(names)
    return f"there is no PriorityClass {listed}: pods that get it are refused" if names else ""


def condition(kind: str, reason: str, message: str, *, holds: bool = False) -> Condition:
    """Give a condition that holds or does not; times and generations are left empty."""
    status = ConditionStatus.TRUE if holds else ConditionStatus.FALSE
    text = shown(message, MAX_MESSAGE)
    return Condition(type=kind, status=status, last_transition_time="", reason=reason, message=text)


def degrade(reason: Reason, message: str) -> Condition:
    """Say that something is amiss: a condition that becomes an event, too."""
    return condition(DEGRADED, reason, message, holds=True)


def _listed(faults: Sequence[Fault]) -> str:
    return "; ".join(str(each).removeprefix(" ") for each in faults) or "none is named"


def _kept(policy: Policy | None) -> str:
    return f"{revision_of(policy)} stays in force" if policy else "Nothing is in force yet"


def revision_of(policy: Policy | None) -> str:
    """Name the revision in force, in a sentence."""
    return f"revision {policy.revision}" if policy else "no revision"
