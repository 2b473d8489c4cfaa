"""`gpuclass audit`: what a cluster has that its policy would not have made. It changes nothing."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from webhook.cli import audit_report, flags, sources
from webhook.cli.audit_report import Report
from webhook.cli.console import Console
from webhook.cli.dump import Dump, moment
from webhook.cli.report import Output, place
from webhook.core.audit import audit
from webhook.core.audit.finding import Severity, is_grave
from webhook.core.audit.inventory import StoredPod
from webhook.core.audit.view import PATIENCE
from webhook.core.errors import Fault, OperatorError
from webhook.core.policy.policy import Policy
from webhook.core.policy.sound import compile_sound
from webhook.watch import census, policies
from webhook.watch.objects import DOCUMENTS

CLEAN, FOUND, BAD_INPUT = 0, 1, 2

NEVER = "never"

_POLICIES = "gpupolicies"
_NO_NODE = (
    "no Node in it; `kubectl get nodes,pods,namespaces,daemonsets,priorityclasses -A -o json` "
    "writes what is looked at"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """By which policies, of which cluster and namespace, and what is too much.

    `policies` is None for those of the cluster or the dump, else of the usual folder. An empty
    `namespace` is all of them.
    """

    policies: Path | None = None
    namespace: str = ""
    kubeconfig: Path | None = None
    context: str | None = None
    patience: timedelta = PATIENCE
    fail_on: str = Severity.WARNING


def run(names: Sequence[str], setting: Setting, output: Output, console: Console) -> int:
    """Audit the cluster that a dump shows; report, and give the exit code."""
    if setting.kubeconfig or setting.context:
        raise OperatorError("--kubeconfig and --context name a cluster: leave out the files")
    sources.refuse_twice(names)
    dump = Dump(names, console.stdin, setting.namespace)
    faults = dump.faults
    if not faults and not dump.has_nodes:
        faults = [Fault(source=names[0], line=0, path="", message=_NO_NODE)]
    for each in faults:
        console.complain(place(each))
    if faults:
        return BAD_INPUT
    policy = _chosen(dump, setting) or policies.load(flags.POLICIES)
    return look(dump, policy, moment(names), setting, output, console)


def run_live(setting: Setting, output: Output, console: Console) -> int:
    """Audit a cluster that is there."""
    from webhook.cli.live import Live  # noqa: PLC0415 # it is slow

    live = Live(setting.kubeconfig, setting.context, ", or name the files of a dump")
    policy = policies.load(setting.policies) if setting.policies else live.policy()
    source = live.listing(setting.namespace)
    return look(source, policy, datetime.now(UTC), setting, output, console)


def look(  # noqa: PLR0913, PLR0917 # what is asked, by what, and how it is said
    source: census.Source,
    policy: Policy,
    now: datetime,
    setting: Setting,
    output: Output,
    console: Console,
) -> int:
    """Find, report, and give the exit code."""
    pods = _Counted()
    inventory = census.take(source)
    counted = replace(inventory, pods=pods.of(inventory.pods))
    findings = [
        each
        for each in audit.find(counted, policy, now, setting.patience)
        if setting.namespace in {"", each.namespace}
    ]
    report = Report(
        findings=tuple(sorted(findings, key=lambda each: each.rank)),
        nodes=len(inventory.nodes),
        pods=pods.count,
        revision=policy.revision,
    )
    audit_report.write(report, output, console)
    return FOUND if _is_too_much(report, setting.fail_on) else CLEAN


class _Counted:
    """Counts pods as they pass."""

    def __init__(self) -> None:
        self.count = 0

    def of(self, pods: Iterable[StoredPod]) -> Iterator[StoredPod]:
        """Give them on."""
        for each in pods:
            self.count += 1
            yield each


def _is_too_much(report: Report, fail_on: str) -> bool:
    if fail_on == NEVER:
        return False
    return any(is_grave(each.severity, Severity(fail_on)) for each in report.findings)


def _chosen(dump: Dump, setting: Setting) -> Policy | None:
    """Give the policy of the folder that is named, else of the dump if it has any."""
    if setting.policies:
        return policies.load(setting.policies)
    found = [(kind.name, each) for kind in DOCUMENTS for _, each in dump.each(kind)]
    policy = compile_sound([each.document for _, each in found if each.document is not None])
    if policy is None and _POLICIES in {name for name, _ in found}:
        raise OperatorError("the GPUPolicy of the dump is not sound; --policies DIR names another")
    return policy
