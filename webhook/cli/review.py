"""`gpuclass review`: manifests in, what the cluster would do out. It never needs a cluster."""

from dataclasses import dataclass, field
from pathlib import Path

from webhook.cli import manifests, surroundings
from webhook.cli.console import Console
from webhook.cli.finding import Finding
from webhook.cli.judging import Requester, judge
from webhook.cli.manifests import DEFAULT_NAMESPACE, Manifest
from webhook.cli.report import Output, report
from webhook.core.decision import Verdict
from webhook.core.errors import Fault
from webhook.watch import policies

CLEAN, REFUSED, BAD_INPUT = 0, 1, 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """By which policies, in which namespace and by whom manifests are taken to be applied."""

    policies: Path
    namespace: str = DEFAULT_NAMESPACE
    requester: Requester = field(default_factory=Requester)


def run(names: list[str], setting: Setting, output: Output, console: Console) -> int:
    """Judge files, folders and standard input; report, and give the exit code."""
    policy = policies.load(setting.policies)
    given = list(manifests.read(names, console.stdin, setting.namespace))
    cluster, unread = surroundings.find(each for each in given if isinstance(each, Manifest))
    policy = policy.knowing(cluster)
    findings: list[Finding] = []
    faults: list[Fault] = [*unread]
    for each in given:
        found = each if isinstance(each, Fault) else judge(each, policy, setting.requester)
        if isinstance(found, Fault):
            faults.append(found)
        else:
            findings.append(found)
    if not findings and not faults:
        faults.append(Fault(source=names[0], line=0, path="", message="no manifest in it"))
    report(findings, faults, output, console)
    return _exit_code(findings, faults)


def _exit_code(findings: list[Finding], faults: list[Fault]) -> int:
    if faults:
        return BAD_INPUT
    return REFUSED if any(each.verdict is Verdict.DENY for each in findings) else CLEAN
