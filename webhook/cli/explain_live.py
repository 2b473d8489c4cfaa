"""`gpuclass explain` in a cluster: what is there, or a manifest, on the nodes that are there.

A pod of the cluster is explained as it is stored; the pods of a workload and of a manifest as they
would be made now.
"""

import json
from collections.abc import Iterable
from dataclasses import replace

from webhook.cli import explain, in_cluster, manifests
from webhook.cli.console import Console
from webhook.cli.explain import Setting, report
from webhook.cli.explaining import Subject, stored
from webhook.cli.explaining import explain as explained
from webhook.cli.in_cluster import Named
from webhook.cli.judging import judge
from webhook.cli.live import Live
from webhook.cli.manifests import Manifest
from webhook.core.cluster import Cluster
from webhook.core.errors import Fault, OperatorError
from webhook.core.node_filter import Candidate
from webhook.core.policy.policy import Policy
from webhook.watch import policies


def run(name: str, setting: Setting, output: str, console: Console) -> int:
    """Explain what is in the cluster, or a manifest; report, and give the exit code."""
    if setting.nodes:
        raise OperatorError(
            "--nodes is for manifests alone; here the cluster's own nodes are asked"
        )
    live = Live(setting.kubeconfig, setting.context, ", or explain files: --nodes FILE")
    space = setting.namespace or live.namespace
    policy = policies.load(setting.policies) if setting.policies else live.policy()
    nodes = live.nodes()
    found: list[Subject | Fault]
    if named := in_cluster.find(name):
        known = policy.knowing(_around(live, {space}, nodes))
        found = _of_cluster(named, live, space, known, setting)
    else:
        given = list(manifests.read([name], console.stdin, space))
        objects = [each for each in given if isinstance(each, Manifest)]
        known = policy.knowing(_around(live, {each.namespace for each in objects}, nodes))
        unread = [each for each in given if isinstance(each, Fault)]
        found = [*unread] or explain.pods_of(name, objects, known, setting.requester)
    faults = [each for each in found if isinstance(each, Fault)]
    explanations = [explained(each, known, nodes) for each in found if isinstance(each, Subject)]
    return report(explanations, faults, output, console)


def _of_cluster(
    named: Named, live: Live, space: str, policy: Policy, setting: Setting
) -> list[Subject | Fault]:
    if named.is_pod:
        return [_stored(live.pod(space, named.name), named.text, policy, setting)]
    row = named.row(policy)
    if row is None:
        message = (
            f"no file, and {named.kind} is no kind of GPUPolicy spec.workloads; list it there, or "
            "name one of its pods: pod/NAME"
        )
        return [Fault(source=named.text, line=0, path="", message=message)]
    (manifest,) = manifests.parse(json.dumps(live.workload(row, space, named.name)), named.text)
    if isinstance(manifest, Fault):
        return [manifest]
    return explain.pods_of(named.text, [manifest], policy, setting.requester)


def _around(live: Live, spaces: Iterable[str], nodes: Iterable[Candidate]) -> Cluster:
    return replace(live.surroundings(spaces), nodes={each.name: each.marks for each in nodes})


def _stored(
    pod: dict[str, object], source: str, policy: Policy, setting: Setting
) -> Subject | Fault:
    """Ask about a pod as it was before it was bound: any node may be the one then."""
    spec = pod.get("spec")
    node = spec.pop("nodeName", "") if isinstance(spec, dict) else ""
    (manifest,) = manifests.parse(json.dumps(pod), source)
    if isinstance(manifest, Fault):
        return manifest
    found = judge(manifest, policy, setting.requester)
    return found if isinstance(found, Fault) else stored(found, str(node))
