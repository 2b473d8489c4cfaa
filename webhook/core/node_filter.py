"""Whether a pod may land on a node, and if not, which of its fields says no.

What the scheduler's filters NodeName, NodeUnschedulable, TaintToleration, NodeAffinity and (for
extended resources) NodeResourcesFit say, field by field. Sources: core/v1 PodSpec, NodeSelector,
Toleration and NodeSpec. What is free on a node now, volumes, ports, spreading and other pods are no
part of it, and neither are pools, classes and policies.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import msgspec

from webhook.core import cluster
from webhook.core.cluster import Node, Taint
from webhook.core.devices import Amounts, devices, taken
from webhook.core.names import DEVICE_CLASS_RESOURCE_PREFIX
from webhook.core.nodes import HARD_EFFECTS, NAME_FIELD, satisfies, tolerates, written
from webhook.core.pod import (
    Amount,
    Container,
    NodeSelectorRequirement,
    NodeSelectorTerm,
    Pod,
    PodSpec,
    Toleration,
)

REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
TERMS = f"spec.affinity.nodeAffinity.{REQUIRED}.nodeSelectorTerms"
UNSCHEDULABLE = Taint(key="node.kubernetes.io/unschedulable", effect="NoSchedule")
"""What a cordoned node is to the scheduler, before its taint is there too."""

_OWN_LABEL = "kubernetes.io/hostname"
_BOUND_EFFECTS = frozenset({"NoExecute"})
"""What a kubelet looks at for a pod that names its node, which no scheduler sees."""


class Refusal(NamedTuple):
    """A field of a pod that keeps it off a node, and why; texts are alike for nodes alike."""

    path: str
    message: str


class Candidate(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A node that a pod may land on: its name and marks, what it offers, whether it is cordoned.

    `allocatable` is None where it is not known: a Node in a file may have no status.
    """

    name: str
    marks: Node = Node()
    is_unschedulable: bool = False
    allocatable: Amounts | None = None

    @property
    def taints(self) -> tuple[Taint, ...]:
        """Give the taints, that of a cordoned node included."""
        own = self.marks.taints
        is_marked = UNSCHEDULABLE in own
        return own if is_marked or not self.is_unschedulable else (*own, UNSCHEDULABLE)


class _Wire(msgspec.Struct, frozen=True, rename="camel"):
    """A JSON object of the Kubernetes API; lists and maps may be absent or null."""


class _Metadata(_Wire, frozen=True):
    name: str = ""


class _Spec(_Wire, frozen=True):
    unschedulable: bool | None = None


class _Status(_Wire, frozen=True):
    allocatable: dict[str, Amount | None] | None = None


class _Node(_Wire, frozen=True):
    metadata: _Metadata = _Metadata()
    spec: _Spec = _Spec()
    status: _Status = _Status()


def read_candidate(value: object) -> Candidate:
    """Read a Node out of decoded JSON; raise msgspec.ValidationError as `cluster.read_node`."""
    marks, found = cluster.read_node(value), msgspec.convert(value, _Node)
    amounts = found.status.allocatable
    return Candidate(
        name=found.metadata.name,
        marks=marks,
        is_unschedulable=bool(found.spec.unschedulable),
        allocatable=None if amounts is None else devices(amounts),
    )


def refusals(pod: Pod, node: Candidate, by_claims: Iterable[str] = ()) -> tuple[Refusal, ...]:
    """Give every field that keeps the pod off the node; none: it may land there.

    `by_claims` are extended resources that devices of claims stand for (KEP-5004), so that no node
    says how many it has.
    """
    return (
        *_by_name(pod.spec, node),
        *_by_selector(pod.spec, node),
        *_by_affinity(pod.spec, node),
        *_by_taints(pod.spec, node),
        *_by_devices(pod.spec, node, frozenset(by_claims)),
    )


def _by_name(spec: PodSpec, node: Candidate) -> Iterator[Refusal]:
    if spec.node_name and spec.node_name != node.name:
        yield Refusal("spec.nodeName", f"names the node {spec.node_name}")


def _by_selector(spec: PodSpec, node: Candidate) -> Iterator[Refusal]:
    labels = node.marks.labels
    for key, value in (spec.node_selector or {}).items():
        if labels.get(key) != value:
            asked = f"wants {key}={value}"
            yield Refusal(f'spec.nodeSelector["{key}"]', f"{asked}, {_found(key, labels)}")


def _by_affinity(spec: PodSpec, node: Candidate) -> Iterator[Refusal]:
    """Find what is not met in each term: they are ORed, so one that is met is enough."""
    affinity = spec.affinity.node_affinity if spec.affinity else None
    required = affinity.required_during_scheduling_ignored_during_execution if affinity else None
    if required is None:
        return
    terms = required.node_selector_terms or ()
    unmet = [tuple(_unmet(term, f"{TERMS}[{index}]", node)) for index, term in enumerate(terms)]
    if not terms:
        yield Refusal(TERMS, "has no term, so no node is meant")
    elif all(unmet):
        for each in unmet:
            yield from each


def _unmet(term: NodeSelectorTerm, path: str, node: Candidate) -> Iterator[Refusal]:
    """Find the requirements of a term that the node does not meet; an empty term is never met."""
    labels, fields = node.marks.labels, {NAME_FIELD: node.name}
    if not term.match_expressions and not term.match_fields:
        yield Refusal(path, "is empty, so no node is meant")
    for index, each in enumerate(term.match_expressions or ()):
        if not satisfies(labels, each):
            message = f"wants {_asked(each)}, {_found(each.key, labels)}"
            yield Refusal(f"{path}.matchExpressions[{index}]", message)
    for index, each in enumerate(term.match_fields or ()):
        if not satisfies(fields, each):
            yield Refusal(f"{path}.matchFields[{index}]", f"wants {_asked(each)}")


def _asked(requirement: NodeSelectorRequirement) -> str:
    values = requirement.values or ()
    shown = f" [{', '.join(values)}]" if requirement.operator in {"In", "NotIn"} else ""
    shown = shown or (f" {values[0]}" if values else "")
    return f"{requirement.key} {requirement.operator}{shown}"


def _found(key: str, labels: Mapping[str, str]) -> str:
    """Say what the node has, but not its own name: many nodes are told of in one line."""
    if key not in labels:
        return "the node has no such label"
    return "the node is another" if key == _OWN_LABEL else f"the node has {key}={labels[key]}"


def _by_taints(spec: PodSpec, node: Candidate) -> Iterator[Refusal]:
    given = spec.tolerations or ()
    effects = _BOUND_EFFECTS if spec.node_name else HARD_EFFECTS
    for taint in node.taints:
        if taint.effect in effects and not any(tolerates(each, taint) for each in given):
            yield Refusal("spec.tolerations", f"none covers the taint {_near(taint, given)}")


def _near(taint: Taint, given: tuple[Toleration, ...]) -> str:
    """Name a taint, and the toleration that has its key but not its value or effect."""
    near = next((index for index, each in enumerate(given) if each.key == taint.key), None)
    if near is None:
        return written(taint)
    return f"{written(taint)}; spec.tolerations[{near}] has its key, not its value or effect"


def _by_devices(spec: PodSpec, node: Candidate, by_claims: frozenset[str]) -> Iterator[Refusal]:
    """Compare with what the node offers at all: what others have taken of it is not known."""
    if node.allocatable is None:
        return
    for name, amount in _taken(spec).items():
        offered = node.allocatable.get(name, 0)
        if (
            amount > offered
            and name not in by_claims
            and not name.startswith(DEVICE_CLASS_RESOURCE_PREFIX)
        ):
            yield Refusal(
                _asking(spec, name), f"asks for {amount}, the node has {offered or 'none'}"
            )


def _taken(spec: PodSpec) -> dict[str, int]:
    initial = (
        (_limits(each), each.restart_policy == "Always") for each in spec.init_containers or ()
    )
    return taken(initial, map(_limits, spec.containers or ()))


def _limits(container: Container) -> dict[str, int]:
    """Give the devices that a container is limited to, which is what it requests."""
    resources = container.resources
    return devices((resources.limits or resources.requests or {}) if resources else {})


def _asking(spec: PodSpec, name: str) -> str:
    """Give the first field that asks for a resource."""
    groups = (("containers", spec.containers), ("initContainers", spec.init_containers))
    return next(
        f'spec.{group}[{index}].resources.{part}["{name}"]'
        for group, containers in groups
        for index, each in enumerate(containers or ())
        if name in _limits(each)
        for part in ("limits" if each.resources and each.resources.limits else "requests",)
    )
