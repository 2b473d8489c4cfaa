"""`gpuclass join-config`: what a node of a pool tells kubeadm as it joins.

The bootstrap scripts and the Terraform module take labels and taints from here, and so from the
pools. A token is read from a file or standard input, never from an argument, and is written into
the configuration alone.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from webhook.cli.console import Console
from webhook.core import join
from webhook.core.errors import OperatorError
from webhook.core.policy.documents import GPUNodePool
from webhook.core.policy.nearest import suggest_all
from webhook.core.policy.policy import Policy
from webhook.watch import policies

AS_EXPECTED, DIFFERS = 0, 1

_WIDTH = 10_000
_STDIN = "-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What is asked: the pool, and of which node of which kind cluster (empty: of any)."""

    policies: Path
    pool: str
    node: str = ""
    kind: str = ""
    discovery: str | None = None
    is_patch: bool = False
    compare: str | None = None


def run(setting: Setting, console: Console) -> int:
    """Print the configuration or the patch, or compare a Node with it; give the exit code."""
    policy = policies.load(setting.policies)
    pool = _pool(setting, policy.pools)
    _refuse_claimed(setting.node, pool, policy)
    if setting.compare is not None:
        return _compare(pool, setting.compare, console)
    if setting.kind and not setting.node:
        raise OperatorError("--kind names a cluster, but no node of it: add --node NAME")
    for key, value in join.registration(pool).withheld.items():
        console.complain(
            f"pool {pool.name}: label {key}={value} is left out: a kubelet may not set it on "
            "itself; the controller does"
        )
    console.out.write(
        _text(join.patch(pool) if setting.is_patch else _joined(pool, setting, console))
    )
    return AS_EXPECTED


def _pool(setting: Setting, pools: Sequence[GPUNodePool]) -> GPUNodePool:
    found = {pool.name: pool for pool in pools}
    if setting.pool not in found:
        known = suggest_all(setting.pool, found)
        raise OperatorError(f"{setting.policies}: no pool {setting.pool}; {known}")
    return found[setting.pool]


def _refuse_claimed(node: str, pool: GPUNodePool, policy: Policy) -> None:
    """Refuse a name that only another pool has: the controller would make the node its own."""
    having = policy.membership.of(node, None)
    if having and pool not in having:
        raise OperatorError(
            f"node {node}: it is of pool {having[0].name} by its name (a GPUNode, or "
            f"spec.claims.names), not of {pool.name}: choose another name, or that pool"
        )


def _joined(pool: GPUNodePool, setting: Setting, console: Console) -> dict[str, Any]:
    given = setting.discovery
    discovery = None if given is None else join.read_command(_read(given, console))
    return join.configuration(pool, node=setting.node, kind=setting.kind, discovery=discovery)


def _compare(pool: GPUNodePool, name: str, console: Console) -> int:
    try:
        node = json.loads(_read(name, console))
    except ValueError as error:
        raise OperatorError(f"{name}: no JSON: {error}") from error
    if not isinstance(node, dict) or node.get("kind") != "Node":
        raise OperatorError(f"{name}: expected a Node, as `kubectl get node NAME -o json` gives it")
    found = join.differences(pool, node)
    for each in found:
        console.print(f"node {node['metadata']['name']}: {each}")
    return DIFFERS if found else AS_EXPECTED


def _read(name: str, console: Console) -> str:
    try:
        raw = console.stdin.read() if name == _STDIN else Path(name).read_bytes()
        return raw.decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no UTF-8"
        raise OperatorError(f"{name}: can not be read: {reason}") from error


def _text(document: dict[str, Any]) -> str:
    text: str = yaml.safe_dump(document, sort_keys=False, width=_WIDTH)
    return text
