"""What the controller reports of each kind, as values: conditions and counts.

This module is the schema of `status`, as `documents` is that of `spec`. Nobody's author writes it,
nothing here is read to decide, and an object without a status is whole.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from webhook.core.policy.schema import about
from webhook.core.policy.syntax import CONDITION_REASON, DNS_LABEL, QUALIFIED_NAME

READY = "Ready"
"""Condition type: the document is in force as it stands."""
DEGRADED = "Degraded"
"""Condition type: it is in force, or its last good version is, and something is amiss."""


class ConditionStatus(StrEnum):
    """meta/v1 ConditionStatus."""

    TRUE = "True"
    FALSE = "False"
    UNKNOWN = "Unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """meta/v1 Condition."""

    type: str = field(metadata=about("Ready or Degraded", syntax=QUALIFIED_NAME))
    status: ConditionStatus = field(metadata=about("whether it holds"))
    observed_generation: int | None = field(
        default=None, metadata=about("the metadata.generation that it speaks of", minimum=0)
    )
    last_transition_time: str = field(
        metadata=about("when its status changed last", format="date-time")
    )
    reason: str = field(metadata=about("why, in one word for programs", syntax=CONDITION_REASON))
    message: str = field(metadata=about("why, in a sentence for people"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What every status has."""

    observed_generation: int | None = field(
        default=None,
        metadata=about("the metadata.generation that this status speaks of", minimum=0),
    )
    conditions: tuple[Condition, ...] = field(
        default=(),
        metadata=about(
            "Ready: in force as it stands; Degraded: something is amiss, and what",
            unique_by=("type",),
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolNodes:
    """A pool of a class, and what is there of it."""

    name: str = field(metadata=about("the GPUNodePool's name", syntax=DNS_LABEL))
    nodes: int = field(metadata=about("how many nodes it has", minimum=0))


@dataclass(frozen=True, slots=True, kw_only=True)
class GPUClassStatus(Status):
    """What the controller sees of the class: its pools and their nodes."""

    pools: tuple[PoolNodes, ...] = field(
        default=(), metadata=about("its pools, with their nodes", unique_by=("name",))
    )
    pool_names: str | None = field(
        default=None,
        metadata=about("the names of its pools, for kubectl get, which prints one of a list"),
    )
    nodes: int | None = field(
        default=None, metadata=about("how many nodes all its pools have", minimum=0)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class GPUCount:
    """Devices of a pool's nodes or of one node, all resource names of the pool together."""

    capacity: int = field(metadata=about("what is there", minimum=0))
    allocatable: int = field(metadata=about("what is offered to pods", minimum=0))
    allocated: int = field(metadata=about("what pods there ask for", minimum=0))


@dataclass(frozen=True, slots=True, kw_only=True)
class GPUNodePoolStatus(Status):
    """What the controller sees of the pool: its nodes and their GPUs."""

    nodes: int | None = field(default=None, metadata=about("how many nodes it has", minimum=0))
    ready_nodes: int | None = field(
        default=None, metadata=about("how many of them are Ready", minimum=0)
    )
    gpus: GPUCount | None = field(default=None, metadata=about("the GPUs of its nodes"))
    problems: tuple[str, ...] = field(
        default=(),
        metadata=about("what is amiss with its nodes, a sentence each, with the node's name"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class GPUNodeStatus(Status):
    """What the controller sees of the node: whether it is there, marked as declared, its GPUs."""

    joined: bool | None = field(
        default=None, metadata=about("whether a node of this name has joined the cluster")
    )
    ready: bool | None = field(default=None, metadata=about("whether the node is Ready"))
    labelled: bool | None = field(
        default=None, metadata=about("whether it carries its pool's labels and taints")
    )
    gpus: GPUCount | None = field(default=None, metadata=about("the GPUs of the node"))
    problems: tuple[str, ...] = field(
        default=(), metadata=about("what is amiss with the node, a sentence each")
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class GPUPolicyStatus(Status):
    """What is in force: a digest of all documents, and how many there are."""

    revision: str | None = field(
        default=None,
        metadata=about("the revision in force, as in stamps and logs", syntax=DNS_LABEL),
    )
    documents: int | None = field(
        default=None, metadata=about("how many documents are in force", minimum=0)
    )
    classes: int | None = field(default=None, metadata=about("how many GPUClasses", minimum=0))
    pools: int | None = field(default=None, metadata=about("how many GPUNodePools", minimum=0))
