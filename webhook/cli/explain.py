"""`gpuclass explain`: node by node, whether a pod may land there, and if not, what says no."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec

from webhook.cli import (
    explain_report,
    fields,
    flags,
    in_cluster,
    manifests,
    node_files,
    sources,
    surroundings,
)
from webhook.cli.console import Console
from webhook.cli.explaining import Explanation, Subject, explain, subjects
from webhook.cli.judging import Requester, judge
from webhook.cli.manifests import DEFAULT_NAMESPACE, Manifest
from webhook.cli.report import place
from webhook.core import workload
from webhook.core.errors import Fault
from webhook.core.node_filter import Candidate, read_candidate
from webhook.core.policy.policy import Policy
from webhook.core.review import GroupVersionKind
from webhook.watch import policies

LANDS, NOWHERE, BAD_INPUT = 0, 1, 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """By which policies, on which nodes, in which namespace and by whom.

    `policies` is None for those of the cluster, or of the usual folder where none is asked;
    `namespace` for that of the context. `kubeconfig` and `context` say which cluster.
    """

    policies: Path | None = None
    nodes: tuple[str, ...] = ()
    namespace: str | None = None
    requester: Requester = field(default_factory=Requester)
    kubeconfig: Path | None = None
    context: str | None = None


def is_live(name: str, setting: Setting) -> bool:
    """Tell whether a cluster is to be asked: for what is in it, or by a kubeconfig or context."""
    return bool(setting.kubeconfig or setting.context or in_cluster.find(name))


def run(name: str, setting: Setting, output: str, console: Console) -> int:
    """Explain the pods of a manifest on given nodes; report, and give the exit code."""
    policy = policies.load(setting.policies or flags.POLICIES)
    sources.refuse_twice((name, *setting.nodes))
    given = list(manifests.read([name], console.stdin, setting.namespace or DEFAULT_NAMESPACE))
    objects = [each for each in given if isinstance(each, Manifest)]
    of_files, unread = node_files.read(setting.nodes, console.stdin)
    nodes, unreadable = candidates((*of_files, *filter(_is_node, objects)))
    others = [each for each in objects if not _is_node(each)]
    cluster, strange = surroundings.find(others)
    faults = [*(each for each in given if isinstance(each, Fault)), *unread, *unreadable, *strange]
    if not nodes and not faults:
        faults.append(_no_node(name))
    policy = policy.knowing(replace(cluster, nodes={each.name: each.marks for each in nodes}))
    found = pods_of(name, others, policy, setting.requester) if not faults else []
    faults += [each for each in found if isinstance(each, Fault)]
    explained = [explain(each, policy, nodes) for each in found if isinstance(each, Subject)]
    return report(explained, faults, output, console)


def pods_of(
    name: str, objects: Iterable[Manifest], policy: Policy, requester: Requester
) -> list[Subject | Fault]:
    """Give the pods of manifests as the webhook would have them; a fault where there is none."""
    found = list(_subjects(objects, policy, requester))
    nothing = Fault(source=name, line=0, path="", message="no pod or workload in it")
    return found or [nothing]


def report(
    explained: list[Explanation], faults: Iterable[Fault], output: str, console: Console
) -> int:
    """Write the explanations, or what is wrong with the input, and give the exit code."""
    wrong = tuple(faults)
    if wrong:
        for fault in wrong:
            console.complain(place(fault))
        return BAD_INPUT
    (explain_report.as_json if output == "json" else explain_report.text)(explained, console)
    return LANDS if all(each.lands for each in explained) else NOWHERE


def candidates(nodes: Iterable[Manifest]) -> tuple[tuple[Candidate, ...], tuple[Fault, ...]]:
    """Read Node objects, the last of a name: those that can be read, and faults."""
    found: dict[str, Candidate] = {}
    faults: list[Fault] = []
    for each in nodes:
        try:
            found[each.name] = read_candidate(each.value)
        except msgspec.ValidationError as error:
            faults.append(each.fault(*fields.explain(str(error), each.value)))
    return tuple(found.values()), tuple(faults)


def _is_node(manifest: Manifest) -> bool:
    return (manifest.kind, manifest.api_version) == ("Node", "v1")


def _no_node(name: str) -> Fault:
    message = (
        "no Node is known; --nodes FILE names what `kubectl get nodes -o json` writes, "
        "--context NAME a cluster to ask"
    )
    return Fault(source=name, line=0, path="", message=message)


def _subjects(
    objects: Iterable[Manifest], policy: Policy, requester: Requester
) -> Iterator[Subject | Fault]:
    for each in objects:
        if not _has_pods(each, policy):
            continue
        found = judge(each, policy, requester)
        if isinstance(found, Fault):
            yield found
        else:
            yield from subjects(found)


def _has_pods(manifest: Manifest, policy: Policy) -> bool:
    group, _, version = manifest.api_version.rpartition("/")
    kind = GroupVersionKind(group=group, version=version, kind=manifest.kind)
    return kind == workload.POD_KIND or workload.find(kind, policy.workloads) is not None
