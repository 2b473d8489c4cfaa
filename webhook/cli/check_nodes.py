"""Checks of what gpuclass governs: GPU nodes, the device plugin, and what Argo CD syncs."""

import msgspec

from webhook.cli.check import Check, Subject, Verdict, holds, items, judge, place
from webhook.control.api import Object
from webhook.control.node_status import lacking
from webhook.core import cluster

_PLUGINS = ("app.kubernetes.io/name=nvidia-device-plugin", "app=nvidia-device-plugin-daemonset")
"""Of NVIDIA's own chart, and of its operator."""

_UNCOUNTED = "argocd.argoproj.io/ignore-healthcheck"
"""An Application with this annotation is not to hold up anything (deploy/argocd)."""


def nodes(name: str, subject: Subject) -> Check:
    """Ask whether each GPU node is as its pool says, and ready."""
    policy = subject.policy
    if policy is None:
        return Check(name=name, verdict=Verdict.ABSENT, found="no policy says which are GPU nodes")
    governed, wrong = 0, []
    for node in items(subject.api, "/api/v1/nodes"):
        name_of = node["metadata"]["name"]
        marks = cluster.read_node(msgspec.Raw(msgspec.json.encode(node)))
        pools = policy.membership.of(name_of, marks)
        governed += bool(pools)
        if len(pools) > 1:
            names = ", ".join(each.name for each in pools)
            wrong.append(f"{name_of}: of pools {names} alike; add a label that tells them apart")
        elif pools:
            wrong += [f"{name_of}: {each}" for each in lacking(pools[0], marks)]
            wrong += [] if holds(node, "Ready") else [f"{name_of}: not Ready"]
    return judge(
        name,
        f"{governed} GPU nodes" if governed else "no GPU node yet",
        wrong,
        "kubectl describe node NAME; the controller labels and taints what a pool claims",
    )


def plugin(name: str, subject: Subject) -> Check:
    """Ask whether NVIDIA's device plugin runs wherever it should."""
    found = [
        each
        for selector in _PLUGINS
        for each in items(subject.api, f"/apis/apps/v1/daemonsets?labelSelector={selector}")
    ]
    if not found:
        return Check(
            name=name, verdict=Verdict.ABSENT, found="no NVIDIA device plugin is installed"
        )
    counts = {place(each): _scheduled(each) for each in found}
    wrong = [
        f"{each}: {ready} of {wanted} pods are ready"
        for each, (wanted, ready) in counts.items()
        if ready < wanted
    ]
    return judge(
        name,
        f"{', '.join(counts)} runs",
        wrong,
        "kubectl get pods -A -l " + " or -l ".join(_PLUGINS),
    )


def _scheduled(daemon_set: Object) -> tuple[int, int]:
    status = daemon_set.get("status") or {}
    return status.get("desiredNumberScheduled", 0), status.get("numberReady", 0)


def applications(name: str, subject: Subject) -> Check:
    """Ask whether Argo CD has synced every Application that counts, and finds it healthy."""
    listed = subject.api.get("/apis/argoproj.io/v1alpha1/applications")
    if listed is None:
        return Check(name=name, verdict=Verdict.ABSENT, found="no Argo CD is installed")
    wrong = []
    for each in listed.get("items") or ():
        status = each.get("status") or {}
        sync = (status.get("sync") or {}).get("status", "Unknown")
        health = (status.get("health") or {}).get("status", "Unknown")
        counts = (each["metadata"].get("annotations") or {}).get(_UNCOUNTED) != "true"
        if counts and (sync, health) != ("Synced", "Healthy"):
            wrong.append(f"{place(each)}: {sync}, {health}")
    return judge(
        name,
        f"{len(listed.get('items') or ())} Applications",
        wrong,
        "kubectl describe application -n NAMESPACE NAME",
    )
