"""What GPUs there are and who holds them: nodes and pods as the controller watches them.

Of an object just what is counted is kept. What belongs to which pool is the policy's knowledge.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from webhook.core import cluster
from webhook.core.errors import RequestError
from webhook.core.quantity import parse
from webhook.watch.resource import Resource

Amounts = Mapping[str, int]
"""Whole devices by resource name."""


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """A node: its marks, whether it is Ready, what it has and what it offers."""

    marks: cluster.Node
    is_ready: bool
    capacity: Amounts
    allocatable: Amounts


class Tenant(msgspec.Struct, frozen=True, kw_only=True):
    """A pod: its node (empty: none yet, or it has ended), and what it holds there."""

    node: str = ""
    holds: Amounts = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """Nodes by name, and every pod."""

    machines: Mapping[str, Machine]
    tenants: tuple[Tenant, ...] = ()


class _Wire(msgspec.Struct, frozen=True, rename="camel"):
    """A JSON object of the Kubernetes API."""


class _Condition(_Wire, frozen=True):
    type: str = ""
    status: str = ""


class _NodeStatus(_Wire, frozen=True):
    conditions: tuple[_Condition, ...] = ()
    capacity: dict[str, str] = {}
    allocatable: dict[str, str] = {}


class _Node(_Wire, frozen=True):
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

_ENDED = frozenset({"Succeeded", "Failed"})
"""Phases in which a pod holds nothing any more."""


def read_machine(raw: msgspec.Raw) -> Machine:
    """Read a Node; raise msgspec.DecodeError for what no API server has."""
    status = _decode_node(raw).status
    return Machine(
        marks=cluster.read_node(raw),
        is_ready=any(each.type == "Ready" and each.status == "True" for each in status.conditions),
        capacity=_devices(status.capacity),
        allocatable=_devices(status.allocatable),
    )


def read_tenant(raw: msgspec.Raw) -> Tenant:
    """Read a Pod; one that asks for no device is nobody."""
    pod = _decode_pod(raw)
    if pod.status.phase in _ENDED or not pod.spec.node_name:
        return Tenant()
    holds = _asked(pod.spec)
    return Tenant(node=pod.spec.node_name, holds=holds) if holds else Tenant()


NODES: Resource[Machine] = Resource(name="nodes", path="/api/v1/nodes", read=read_machine)
PODS: Resource[Tenant] = Resource(name="pods", path="/api/v1/pods", read=read_tenant)
WATCHED: tuple[Resource[Any], ...] = (NODES, PODS)
"""What the controller watches for it."""


def _asked(spec: _PodSpec) -> dict[str, int]:
    """Give what a pod holds as the scheduler reckons (KEP-753).

    All containers run beside all sidecars; an init container runs beside the sidecars before it.
    """
    beside: dict[str, int] = {}
    most: dict[str, int] = {}
    for each in spec.init_containers:
        limits = _devices(each.resources.limits or {})
        if each.restart_policy == "Always":
            beside = _sum((beside, limits))
        else:
            most = _most(most, _sum((beside, limits)))
    running = _sum((beside, *(_devices(each.resources.limits or {}) for each in spec.containers)))
    return _most(most, running)


def _devices(amounts: Mapping[str, str | int]) -> dict[str, int]:
    """Give the extended resources, which are whole numbers, that are more than none."""
    named = {name: _whole(amount) for name, amount in amounts.items() if "/" in name}
    return {name: amount for name, amount in named.items() if amount > 0}


def _whole(amount: str | int) -> int:
    try:
        return int(parse(amount))
    except RequestError:
        return 0


def _sum(parts: Iterable[Amounts]) -> dict[str, int]:
    total: dict[str, int] = {}
    for part in parts:
        for name, amount in part.items():
            total[name] = total.get(name, 0) + amount
    return total


def _most(one: Amounts, other: Amounts) -> dict[str, int]:
    names = {**one, **other}
    return {name: max(one.get(name, 0), other.get(name, 0)) for name in names}
