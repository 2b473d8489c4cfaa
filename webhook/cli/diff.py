"""`gpuclass diff`: what a change of policies would do to given workloads, one by one."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from webhook.cli import cases, diff_report, policy_changes, revisions, workloads
from webhook.cli.comparison import Changed, compare
from webhook.cli.console import Console
from webhook.cli.diff_report import Compared
from webhook.cli.finding import Finding
from webhook.cli.judging import Requester, judge
from webhook.cli.manifests import DEFAULT_NAMESPACE
from webhook.cli.report import Output
from webhook.cli.workloads import Workload
from webhook.core.cluster import UNKNOWN
from webhook.core.decision import Verdict
from webhook.core.errors import Fault, OperatorError, PolicyError
from webhook.core.policy.check import check
from webhook.core.policy.documents import Document
from webhook.core.policy.policy import Policy, compile_policy

SAME, DIFFERENT, BAD_INPUT = 0, 1, 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """Which policies are compared, and in which namespace and by whom manifests are applied."""

    old: str
    new: str
    namespace: str = DEFAULT_NAMESPACE
    requester: Requester = field(default_factory=Requester)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Side:
    """One of the two policies: its documents, and what they are prepared to."""

    documents: tuple[Document, ...]
    policy: Policy


def run(names: Sequence[str], setting: Setting, output: Output, console: Console) -> int:
    """Judge workloads under both policies; report what differs, and give the exit code.

    Without `names` the workloads are the new policies' cases.
    """
    old, new = _sides(setting.old, setting.new)
    names = list(names) or [_cases(setting.new)]
    found = workloads.read(names, console.stdin, setting.namespace, setting.requester)
    if not found:
        found.append(Fault(source=names[0], line=0, path="", message="no manifest in it"))
    compared = _compare(found, old, new)
    diff_report.write(compared, output, console)
    if compared.faults:
        return BAD_INPUT
    return DIFFERENT if compared.changed else SAME


def _sides(*names: str) -> list[_Side]:
    """Prepare policies; raise PolicyError with the faults of all of them together."""
    sides: list[_Side] = []
    faults: list[Fault] = []
    for name in names:
        try:
            documents = revisions.read(name)
        except PolicyError as error:
            faults += error.faults
            continue
        errors = [each for each in check(documents, name) if each.severity == "error"]
        faults += errors
        if not errors:
            sides.append(_Side(documents=documents, policy=compile_policy(documents)))
    if faults:
        raise PolicyError(tuple(faults))
    return sides


def _cases(policies: str) -> str:
    """Name the cases of a folder of policies; OperatorError says that it has none."""
    folder = Path(policies, cases.FOLDER)
    if not folder.is_dir():
        raise OperatorError(f"{folder}: no such folder; name workloads with --workloads")
    return str(folder)


def _compare(found: Sequence[workloads.Found], old: _Side, new: _Side) -> Compared:
    """Judge every workload twice; those about which neither policy decides are not counted."""
    changed: list[Changed] = []
    faults: list[Fault] = []
    count = 0
    for each in found:
        findings = each if isinstance(each, Fault) else _judge(each, old.policy, new.policy)
        if isinstance(findings, Fault):
            faults.append(findings)
            continue
        before, after = findings
        count += {before.verdict, after.verdict} != {Verdict.IGNORE}
        difference = compare(before, old.policy, after, new.policy)
        changed += [difference] if difference else []
    return Compared(
        policies=policy_changes.changes(old.documents, new.documents),
        changed=tuple(changed),
        workloads=count,
        faults=tuple(faults),
    )


def _judge(workload: Workload, old: Policy, new: Policy) -> tuple[Finding, Finding] | Fault:
    """Judge a workload under both policies; a fault where it can not be read under one."""
    cluster = workload.cluster or UNKNOWN
    before, after = (
        judge(workload.manifest, policy.knowing(cluster), workload.requester, workload.old)
        for policy in (old, new)
    )
    if isinstance(before, Fault):
        return before
    return after if isinstance(after, Fault) else (before, after)
