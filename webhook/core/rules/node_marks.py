"""Rule `node-marks`: a node that a pool claims carries the pool's labels and taints.

A pool claims nodes by name (`spec.claims.names`), by labels of a cloud or of discovery
(`spec.claims.matchLabels`), or a GPUNode names it. Such a node gets the labels of the pool's
`selector` and `labels` and its `taints`: as it registers where it is claimed by name, else within a
second, by the controller. Labels are merged by key, taints by key and effect; what others set, such
as a cordon or `node.kubernetes.io/not-ready`, stays.

What was set is recorded on the node (annotation `gpuclass.io/marks`), and only that is ever taken
away: what a pool declares no longer, and everything when the pool's claims name the node no longer.
Deleting a pool or a GPUNode takes nothing away, since a lost file must not open GPU nodes, unless
the annotation `gpuclass.io/on-delete: Release` was on it. A node that two pools claim is left as it
is. A kubelet that writes over the record of its node is refused.

Before, as the kubelet registers `gpu-train-1`:

    metadata: {name: gpu-train-1, labels: {kubernetes.io/os: linux}}
    spec: {taints: [{key: node.kubernetes.io/not-ready, effect: NoSchedule}]}

After:

    metadata:
      name: gpu-train-1
      labels: {kubernetes.io/os: linux, nvidia.com/gpu.present: "true", gpu-type: training, ...}
    spec:
      taints:
      - {key: node.kubernetes.io/not-ready, effect: NoSchedule}
      - {key: nvidia.com/gpu, value: present, effect: NoSchedule}
      - {key: gpu-type, value: training, effect: NoSchedule}
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

import msgspec

from webhook.core.cluster import Taint
from webhook.core.decision import Violation
from webhook.core.names import MARKS_ANNOTATION
from webhook.core.policy.documents import NODE_RULE, GPUNodePool
from webhook.core.policy.plan import labels_of
from webhook.core.policy.policy import Policy

NAME = NODE_RULE

LIFECYCLE = "node.kubernetes.io/"
"""Taints of the node's own life: whatever a record says, they are never taken away."""

MaySet = Callable[[str], bool]


class Record(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What was set on a node, by which pool, and what becomes of it when that is deleted."""

    pool: str
    is_declared: bool = False
    is_released: bool = False
    labels: dict[str, str] = {}
    taints: tuple[Taint, ...] = ()


class Marks(msgspec.Struct, frozen=True, kw_only=True):
    """What of a node this rule reads and writes."""

    labels: Mapping[str, str] = {}
    taints: tuple[Taint, ...] = ()
    record: Record | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Whose node it is: by a GPUNode, or by the claims of the pool itself.

    `is_released`: whether deleting the document that claims it takes the marks away.
    """

    pool: GPUNodePool
    is_declared: bool
    is_released: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What is to become of a node: marked by its claim, freed, or left as it is."""

    claim: Claim | None = None
    is_freed: bool = False
    rivals: tuple[GPUNodePool, ...] = ()


def forbid(user: str) -> Violation:
    """Refuse what a kubelet writes over the record of its node."""
    return Violation(
        rule=NAME,
        path=f'metadata.annotations["{MARKS_ANNOTATION}"]',
        message=f"{user} writes what the controller has recorded of the node, by which it takes"
        " labels and taints away; leave the annotation as it is",
    )


def read_record(text: str | None) -> Record | None:
    """Read the annotation; what can not be read says nothing."""
    if not text:
        return None
    try:
        found = msgspec.json.decode(text, type=Record)
    except (msgspec.DecodeError, UnicodeEncodeError):
        return None
    taints = tuple(each for each in found.taints if not each.key.startswith(LIFECYCLE))
    return msgspec.structs.replace(found, taints=taints)


def write_record(record: Record) -> str:
    """Write the annotation."""
    return msgspec.json.encode(record, order="sorted").decode()


def read_marks(
    labels: Mapping[str, str] | None,
    annotations: Mapping[str, str] | None,
    taints: Iterable[Taint] | None,
) -> Marks:
    """Take the marks out of the parts of a node."""
    record = read_record((annotations or {}).get(MARKS_ANNOTATION))
    return Marks(labels=labels or {}, taints=tuple(taints or ()), record=record)


def stand(
    name: str, marks: Marks, policy: Policy, released: frozenset[tuple[str, str]] = frozenset()
) -> Standing:
    """Say what is to become of a node; `released` are kind and name of documents that say so."""
    pools = policy.membership.claimants(name, foreign(marks))
    if len(pools) > 1:
        return Standing(rivals=pools)
    if pools:
        owners = {("GPUNodePool", pools[0].name), ("GPUNode", name)}
        claim = Claim(
            pool=pools[0],
            is_declared=name in policy.declared,
            is_released=bool(owners & released),
        )
        return Standing(claim=claim)
    return Standing(is_freed=marks.record is not None and _is_freed(marks.record, policy))


def foreign(marks: Marks) -> Mapping[str, str]:
    """Give the labels that others set: what was set for one pool makes no claim for another."""
    own = marks.record.labels.items() if marks.record else ()
    return {key: value for key, value in marks.labels.items() if (key, value) not in own}


def _is_freed(record: Record, policy: Policy) -> bool:
    """Tell whether an edit took the claim away, or a deletion that says so."""
    is_there = any(pool.name == record.pool for pool in policy.pools)
    return record.is_released or (is_there and not record.is_declared)


def always(_: str) -> bool:
    """Let every label be set."""
    return True


def wanted(marks: Marks, standing: Standing, may_set: MaySet = always) -> Marks:
    """Give the marks that a node should have; the same where there is nothing to do.

    Labels that `may_set` does not let through are neither set nor missed.
    """
    if standing.claim is None:
        return _without(marks) if standing.is_freed else marks
    pool = standing.claim.pool
    labels = {key: value for key, value in labels_of(pool).items() if may_set(key)}
    taints = tuple(_taints(pool))
    return Marks(
        labels={**_kept_labels(marks, labels), **labels},
        taints=_merged(marks, taints),
        record=_recorded(marks, standing.claim, labels, taints),
    )


def _taints(pool: GPUNodePool) -> Iterator[Taint]:
    for each in pool.taints:
        yield Taint(key=each.key, value=each.value, effect=each.effect.value)


def _without(marks: Marks) -> Marks:
    """Take away everything that was set, and the record of it."""
    return Marks(labels=_kept_labels(marks, {}), taints=_merged(marks, ()))


def _kept_labels(marks: Marks, labels: Mapping[str, str]) -> dict[str, str]:
    """Give the labels of a node but what was set once and is wanted no longer."""
    ours = marks.record.labels if marks.record else {}
    return {
        key: value for key, value in marks.labels.items() if key in labels or ours.get(key) != value
    }


def _merged(marks: Marks, taints: tuple[Taint, ...]) -> tuple[Taint, ...]:
    """Give the taints of others, then those that are wanted: one of each key and effect."""
    ours = marks.record.taints if marks.record else ()
    taken = {(each.key, each.effect) for each in taints}
    kept = (
        each
        for each in marks.taints
        if each in taints or ((each.key, each.effect) not in taken and each not in ours)
    )
    before = tuple(kept)
    return (*before, *(each for each in taints if each not in before))


def _recorded(
    marks: Marks, claim: Claim, labels: Mapping[str, str], taints: tuple[Taint, ...]
) -> Record | None:
    """Record what is set now, or was before; what a node had by itself is not ours."""
    ours = marks.record or Record(pool="")
    own_labels = {
        key: value
        for key, value in labels.items()
        if marks.labels.get(key) != value or ours.labels.get(key) == value
    }
    own_taints = tuple(each for each in taints if each not in marks.taints or each in ours.taints)
    if not own_labels and not own_taints:
        return None
    return Record(
        pool=claim.pool.name,
        is_declared=claim.is_declared,
        is_released=claim.is_released,
        labels=own_labels,
        taints=own_taints,
    )
