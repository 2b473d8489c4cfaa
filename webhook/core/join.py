"""How a node of a pool joins a cluster: kubeadm's JoinConfiguration, its labels and taints in it.

Labels and taints that a node has as it registers leave no moment in which a pod that waits could
slip in; those that are set after it has joined do (docs/bootstrap.md). Sources: kubeadm's
v1beta4 (from Kubernetes 1.31 on) and what kind sets on the nodes that it makes.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from webhook.core.errors import OperatorError
from webhook.core.node_restriction import may_set_itself
from webhook.core.policy.documents import GPUNodePool
from webhook.core.policy.plan import labels_of

Json: TypeAlias = dict[str, Any]

API_VERSION = "kubeadm.k8s.io/v1beta4"
KIND = "JoinConfiguration"
CRI_SOCKET = "unix:///run/containerd/containerd.sock"
TIMEOUTS = {"discovery": "20s", "tlsBootstrap": "60s", "kubeletHealthCheck": "60s"}

_COMMAND = re.compile(
    r"kubeadm\s+join\s+(?P<endpoint>\S+)\s+--token\s+(?P<token>[a-z0-9]{6}\.[a-z0-9]{16})"
    r"\s+--discovery-token-ca-cert-hash\s+(?P<hash>sha256:[0-9a-f]{64})\s*"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovery:
    """How a node finds its cluster, and what lets it in; the token is in no text of this."""

    endpoint: str
    token: str = field(repr=False)
    ca_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """What a node of a pool says of itself; `withheld` are labels that a kubelet may not set."""

    labels: Mapping[str, str]
    taints: tuple[Mapping[str, str], ...]
    withheld: Mapping[str, str]


def read_command(text: str) -> Discovery:
    """Read what `kubeadm token create --print-join-command` prints; never repeat it."""
    found = _COMMAND.fullmatch(text.strip())
    if found is None:
        raise OperatorError(
            "discovery: this is not what `kubeadm token create --print-join-command` prints "
            "(not shown here: it may hold a token)"
        )
    return Discovery(endpoint=found["endpoint"], token=found["token"], ca_hash=found["hash"])


def registration(pool: GPUNodePool) -> Registration:
    """Give what the nodes of a pool say of themselves."""
    labels = dict(sorted(labels_of(pool).items()))
    taints = tuple(
        {"key": taint.key, "value": taint.value, "effect": taint.effect.value}
        for taint in pool.taints
    )
    return Registration(
        labels={key: value for key, value in labels.items() if may_set_itself(key)},
        taints=taints,
        withheld={key: value for key, value in labels.items() if not may_set_itself(key)},
    )


def configuration(
    pool: GPUNodePool, *, node: str = "", kind: str = "", discovery: Discovery | None = None
) -> Json:
    """Write the JoinConfiguration of a node; `kind` is the kind cluster that its container is of.

    kind skips the preflight checks for its own nodes too: they fail in containers, and the
    images are there already.
    """
    said = registration(pool)
    arguments = [("node-labels", _pairs(said.labels))]
    if kind:
        arguments.append(("provider-id", f"kind://docker/{kind}/{node}"))
    found: Json = {"apiVersion": API_VERSION, "kind": KIND}
    if discovery is not None:
        found["discovery"] = {"bootstrapToken": _bootstrap(discovery)}
    found["nodeRegistration"] = {
        **({"name": node} if node else {}),
        "criSocket": CRI_SOCKET,
        "taints": [dict(taint) for taint in said.taints],
        "kubeletExtraArgs": [{"name": name, "value": value} for name, value in arguments],
    }
    if kind:
        found["skipPhases"] = ["preflight"]
    return {**found, "timeouts": dict(TIMEOUTS)}


def patch(pool: GPUNodePool) -> Json:
    """Write what kind's `kubeadmConfigPatches` take in each of its versions.

    Without an apiVersion, and with a map: a patch that names another version than kind's own
    configuration is ignored without a word.
    """
    said = registration(pool)
    return {
        "kind": KIND,
        "nodeRegistration": {
            "kubeletExtraArgs": {"node-labels": _pairs(said.labels)},
            "taints": [dict(taint) for taint in said.taints],
        },
    }


def differences(pool: GPUNodePool, node: Mapping[str, Any]) -> tuple[str, ...]:
    """Say what a Node lacks of what it had to register with; more of both is its own business."""
    said = registration(pool)
    return (*_labels_lacking(said.labels, node), *_taints_lacking(said.taints, node))


def _labels_lacking(labels: Mapping[str, str], node: Mapping[str, Any]) -> tuple[str, ...]:
    has = (node.get("metadata") or {}).get("labels") or {}
    return tuple(
        f"label {key}: expected {value}, found {has.get(key, 'none')}"
        for key, value in labels.items()
        if has.get(key) != value
    )


def _taints_lacking(
    taints: tuple[Mapping[str, str], ...], node: Mapping[str, Any]
) -> tuple[str, ...]:
    found = (node.get("spec") or {}).get("taints") or []
    has = {(each["key"], each.get("value", ""), each["effect"]) for each in found}
    return tuple(
        f"taint {taint['key']}={taint['value']}:{taint['effect']} is missing"
        for taint in taints
        if (taint["key"], taint["value"], taint["effect"]) not in has
    )


def _bootstrap(discovery: Discovery) -> Json:
    return {
        "apiServerEndpoint": discovery.endpoint,
        "token": discovery.token,
        "caCertHashes": [discovery.ca_hash],
    }


def _pairs(labels: Mapping[str, str]) -> str:
    return ",".join(f"{key}={value}" for key, value in labels.items())
