"""What GPUs there are and who holds them: nodes and pods as the controller watches them.

Of an object just what is counted is kept. What belongs to which pool is the policy's knowledge.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from webhook.core import cluster
from webhook.core.devices import Amounts, devices, taken
from webhook.core.names import MARKS_ANNOTATION
from webhook.core.pod import ENDED
from webhook.core.rules.node_marks import Marks, Record, read_record
from webhook.watch.resource import Resource


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """A node: its marks, whether it is Ready or silent, what it has and what it offers.

    `record` says which of the marks we set.
    """

    marks: cluster.Node
    is_ready: bool
    capacity: Amounts
    allocatable: Amounts
    is_silent: bool = False
    record: Record | None = None


def marks_of(machine: Machine) -> Marks:
    """Give the marks of a node with the record of which are ours."""
    node = machine.marks
    return Marks(labels=node.labels, taints=node.taints, record=machine.record)


class Tenant(msgspec.Struct, frozen=True, kw_only=True):
    """A pod: its node (empty: none yet, or it has ended), and what it holds there."""

    node: str = ""
    holds: Amounts = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """Nodes by name, and every pod; `tenants_of` are the pods of a node."""

    machines: Mapping[str, Machine]
    tenants: tuple[Tenant, ...] = ()
    tenants_of: Mapping[str, list[Tenant]] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Sort the pods once: each pool asks for those of its nodes."""
        found: dict[str, list[Tenant]] = {}
        for each in self.tenants:
            found.setdefault(each.node, []).append(each)
        object.__setattr__(self, "tenants_of", found)


class _Wire(msgspec.Struct, frozen=True, rename="camel"):
    """A JSON object of the Kubernetes API."""


class _Condition(_Wire, frozen=True):
    type: str = ""
    status: str = ""


class _NodeStatus(_Wire, frozen=True):
    conditions: tuple[_Condition, ...] = ()
    capacity: dict[str, str] = {}
    allocatable: dict[str, str] = {}


class _Metadata(_Wire, frozen=True):
    annotations: dict[str, str] | None = None


class _Node(_Wire, frozen=True):
    metadata: _Metadata = _Metadata()
    status: _NodeStatus = _NodeStatus()


class _Resources(_Wire, frozen=True):
    limits: dict[str, str | int] | None = None


class _Container(_Wire, frozen=True):
    resources: _Resources = _Resources()
    restart_policy: str | None = None


class _PodSpec(_Wire, frozen=True):
    node_name: str | None = None
    containers: tuple[_Container, ...] = ()
    init_containers: tuple[_Container, ...] = ()


class _PodStatus(_Wire, frozen=True):
    phase: str = ""


class _Pod(_Wire, frozen=True):
    spec: _PodSpec = _PodSpec()
    status: _PodStatus = _PodStatus()


_decode_node = msgspec.json.Decoder(_Node).decode
_decode_pod = msgspec.json.Decoder(_Pod).decode


def read_machine(raw: msgspec.Raw) -> Machine:
    """Read a Node; raise msgspec.DecodeError for what no API server has."""
    node = _decode_node(raw)
    status = node.status
    ready = next((each.status for each in status.conditions if each.type == "Ready"), "")
    return Machine(
        marks=cluster.read_node(raw),
        is_ready=ready == "True",
        is_silent=ready == "Unknown",
        record=read_record((node.metadata.annotations or {}).get(MARKS_ANNOTATION)),
        capacity=devices(status.capacity),
        allocatable=devices(status.allocatable),
    )


def read_tenant(raw: msgspec.Raw) -> Tenant:
    """Read a Pod; one that asks for no device is nobody."""
    pod = _decode_pod(raw)
    if pod.status.phase in ENDED or not pod.spec.node_name:
        return Tenant()
    holds = _taken(pod.spec)
    return Tenant(node=pod.spec.node_name, holds=holds) if holds else Tenant()


NODES: Resource[Machine] = Resource(name="nodes", path="/api/v1/nodes", read=read_machine)
PODS: Resource[Tenant] = Resource(name="pods", path="/api/v1/pods", read=read_tenant)


def _taken(spec: _PodSpec) -> dict[str, int]:
    initial = (
        (devices(each.resources.limits or {}), each.restart_policy == "Always")
        for each in spec.init_containers
    )
    return taken(initial, (devices(each.resources.limits or {}) for each in spec.containers))
