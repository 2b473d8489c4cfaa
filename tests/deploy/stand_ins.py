"""What kube-state-metrics and NVIDIA's exporter would show of a cluster, where neither can be had.

Pods and nodes are those of a real API server; names and labels of the series are those that
`exported.yaml` has from the sources of both.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from webhook.core.quantity import parse

Json = dict[str, Any]

GPU = "nvidia.com/gpu"
PHASES = ("Pending", "Running", "Succeeded", "Failed", "Unknown")
REASONS = ("Evicted", "NodeAffinity", "NodeLost", "SchedulingGated", "Shutdown")
CLASS_LABEL = "gpuclass.io/class"


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A GPU of a node, and the pod that has it, if one has."""

    node: str
    number: int
    namespace: str = ""
    pod: str = ""

    @property
    def uuid(self) -> str:
        """Name it by what identifies a card."""
        return f"GPU-{self.node}-{self.number}"


def kube_state_metrics(pods: Iterable[Json], nodes: Iterable[Json]) -> str:
    """Give its exposition, with `--metric-labels-allowlist=pods=[gpuclass.io/class]`."""
    found = [line for each in pods for line in _pod(each)]
    found += [line for each in nodes for line in _node(each)]
    return "\n".join(sorted(found)) + "\n"


def dcgm_exporter(cards: Iterable[Card], busy: Mapping[str, float]) -> str:
    """Give the expositions of all nodes together; `busy` is the load of pods, 0 to 1, by name."""
    lines = [line for card in cards for line in _card(card, busy.get(card.pod, 0.0))]
    return "\n".join(sorted(lines)) + "\n"


def cards(pods: Iterable[Json], nodes: Iterable[Json]) -> Iterator[Card]:
    """Give every GPU; pods have those of their node in the order of their names."""
    on = {node["metadata"]["name"]: int(_amount(node, "capacity")) for node in nodes}
    bound = [each for each in pods if each["spec"].get("nodeName") in on]
    for name, count in on.items():
        here = [each for each in bound if each["spec"]["nodeName"] == name]
        holders = [each for each in sorted(here, key=_name) for _ in range(_asked(each))]
        for number in range(count):
            holder = holders[number]["metadata"] if number < len(holders) else {}
            yield Card(
                node=name,
                number=number,
                namespace=holder.get("namespace", ""),
                pod=holder.get("name", ""),
            )


def _pod(pod: Json) -> Iterator[str]:
    metadata, spec, status = pod["metadata"], pod["spec"], pod["status"]
    own = {"namespace": metadata["namespace"], "pod": metadata["name"], "uid": metadata["uid"]}
    label = metadata.get("labels", {}).get(CLASS_LABEL)
    if label:
        yield _line("kube_pod_labels", {**own, "label_gpuclass_io_class": label}, 1)
    created = datetime.fromisoformat(metadata["creationTimestamp"]).timestamp()
    yield _line("kube_pod_created", own, created)
    for phase in PHASES:
        yield _line("kube_pod_status_phase", {**own, "phase": phase}, status["phase"] == phase)
    for reason in REASONS:
        is_so = status.get("reason") == reason
        yield _line("kube_pod_status_reason", {**own, "reason": reason}, is_so)
    for kind, containers in (("", "containers"), ("init_", "initContainers")):
        for container in spec.get(containers, ()):
            labels = {**own, "container": container["name"], "node": spec.get("nodeName", "")}
            requests = container.get("resources", {}).get("requests", {})
            yield from _amounts(f"kube_pod_{kind}container_resource_requests", labels, requests)


def _node(node: Json) -> Iterator[str]:
    labels = {"node": node["metadata"]["name"]}
    yield _line("kube_node_info", labels, 1)
    for which in ("capacity", "allocatable"):
        yield from _amounts(f"kube_node_status_{which}", labels, node["status"].get(which, {}))


def _amounts(name: str, labels: Mapping[str, str], amounts: Mapping[str, str]) -> Iterator[str]:
    for resource, amount in amounts.items():
        spelt = "".join(each if each.isalnum() else "_" for each in resource)
        unit = {"cpu": "core", "memory": "byte"}.get(resource, "integer")
        yield _line(name, {**labels, "resource": spelt, "unit": unit}, float(parse(amount)))


def _card(card: Card, load: float) -> Iterator[str]:
    labels = {
        "gpu": str(card.number),
        "UUID": card.uuid,
        "pci_bus_id": f"00000000:{card.number:02X}:00.0",
        "device": f"nvidia{card.number}",
        "modelName": "NVIDIA H100 80GB HBM3",
        "hostname": card.node,
        "node": card.node,
    }
    if card.pod:
        labels |= {"namespace": card.namespace, "pod": card.pod, "container": "c"}
    yield _line("DCGM_FI_PROF_GR_ENGINE_ACTIVE", labels, load)
    yield _line("DCGM_FI_DEV_GPU_UTIL", labels, round(load * 100))
    yield _line("DCGM_FI_DEV_FB_USED", labels, 40_000 if card.pod else 0)
    yield _line("DCGM_FI_DEV_GPU_TEMP", labels, 35 + 40 * load)
    yield _line("DCGM_FI_DEV_XID_ERRORS", labels, 0)


def _line(name: str, labels: Mapping[str, str], value: float) -> str:
    told = ",".join(f'{key}="{each}"' for key, each in labels.items())
    return f"{name}{{{told}}} {float(value)}"


def _asked(pod: Json) -> int:
    containers: Sequence[Json] = pod["spec"]["containers"]
    limits = (each.get("resources", {}).get("limits", {}) for each in containers)
    return sum(int(each.get(GPU, 0)) for each in limits)


def _amount(node: Json, which: str) -> str:
    found: str = node["status"].get(which, {}).get(GPU, "0")
    return found


def _name(pod: Json) -> str:
    found: str = pod["metadata"]["name"]
    return found
