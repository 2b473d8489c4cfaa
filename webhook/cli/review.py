"""`gpuclass review`: manifests in, what the cluster would do out. It never needs a cluster."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from webhook.cli import former, manifests, node_files, sources, surroundings
from webhook.cli.console import Console
from webhook.cli.finding import Finding
from webhook.cli.former import Identity
from webhook.cli.judging import Requester, judge
from webhook.cli.manifests import DEFAULT_NAMESPACE, Manifest
from webhook.cli.report import Output, report
from webhook.core.decision import Verdict
from webhook.core.errors import Fault
from webhook.core.policy.policy import Policy
from webhook.watch import policies

CLEAN, REFUSED, BAD_INPUT = 0, 1, 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """By which policies, in which namespace and by whom manifests are taken to be applied.

    `nodes` and `old` name files: Nodes that are known besides, and the objects as they were.
    """

    policies: Path
    namespace: str = DEFAULT_NAMESPACE
    requester: Requester = field(default_factory=Requester)
    nodes: tuple[str, ...] = ()
    old: tuple[str, ...] = ()


def run(names: list[str], setting: Setting, output: Output, console: Console) -> int:
    """Judge files, folders and standard input; report, and give the exit code."""
    policy = policies.load(setting.policies)
    sources.refuse_twice((*names, *setting.nodes, *setting.old))
    given = list(manifests.read(names, console.stdin, setting.namespace))
    objects = [each for each in given if isinstance(each, Manifest)]
    nodes, faults = node_files.read(setting.nodes, console.stdin)
    old, unread = former.read(setting.old, console.stdin, setting.namespace)
    cluster, strange = surroundings.find((*nodes, *objects))
    faults += [*unread, *strange]
    policy = policy.knowing(cluster)
    findings: list[Finding] = []
    for each in given:
        found = each if isinstance(each, Fault) else _judge(each, policy, setting, old)
        if isinstance(found, Fault):
            faults.append(found)
        else:
            findings.append(found)
    unused = former.unused(objects, old)
    faults += [unused] if unused else []
    if not findings and not faults:
        faults.append(Fault(source=names[0], line=0, path="", message="no manifest in it"))
    report(findings, faults, output, console)
    return _exit_code(findings, faults)


def _judge(
    manifest: Manifest, policy: Policy, setting: Setting, old: Mapping[Identity, Manifest]
) -> Finding | Fault:
    return judge(manifest, policy, setting.requester, former.of(manifest, old))


def _exit_code(findings: list[Finding], faults: list[Fault]) -> int:
    if faults:
        return BAD_INPUT
    return REFUSED if any(each.verdict is Verdict.DENY for each in findings) else CLEAN
