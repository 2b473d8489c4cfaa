"""`gpuclass verify`: is everything that gpuclass governs in a cluster healthy? Check by check.

It asks one cluster with the rights of whoever runs it and reports; `checkup` judges.
"""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from webhook.cli.check import Check, Subject, Verdict
from webhook.cli.checkup import examine
from webhook.cli.console import Console, Ink
from webhook.cli.live import Live, kubeconfig
from webhook.control.api import ApiFailed, ClusterApi
from webhook.core.errors import OperatorError
from webhook.core.policy.policy import Policy
from webhook.core.text import printable
from webhook.watch.connection import connect

HEALTHY, UNHEALTHY = 0, 1
SECONDS = 20.0
"""The deadline of a request: the API server waits up to 10 s for a webhook."""

MAX_DETAILS = 20
_INKS = {Verdict.OK: Ink.GREEN, Verdict.FAILED: Ink.RED, Verdict.ABSENT: Ink.DIM}


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """Which cluster, and where gpuclass runs in it."""

    kubeconfig: Path | None
    context: str | None
    namespace: str


def run(setting: Setting, output: str, console: Console) -> int:
    """Check a cluster, report, and give the exit code; OperatorError: nobody answers."""
    api = ClusterApi(connect(kubeconfig(setting.kubeconfig), context=setting.context), SECONDS)
    subject = Subject(
        api=api,
        policy=_policy(setting),
        namespace=setting.namespace,
        now=datetime.now(UTC),
    )
    try:
        checks = examine(subject)
    except ApiFailed as failure:
        raise OperatorError(str(failure)) from failure
    if output == "json":
        console.print(json.dumps([asdict(each) for each in checks], indent=2))
    else:
        _report(checks, console)
    failed = any(each.verdict is Verdict.FAILED for each in checks)
    return UNHEALTHY if failed else HEALTHY


def _policy(setting: Setting) -> Policy | None:
    """Give the policy of the cluster; that there is none is for the checks to say."""
    try:
        return Live(setting.kubeconfig, setting.context).policy()
    except OperatorError:
        return None


def _report(checks: Sequence[Check], console: Console) -> None:
    width = max(len(each.name) for each in checks)
    for each in checks:
        verdict = console.paint(f"{each.verdict:<6}", _INKS[each.verdict])
        console.print(f"{verdict}  {each.name:<{width}}  {printable(each.found)}")
        for detail in each.details[:MAX_DETAILS]:
            console.print(f"          {printable(detail)}")
        if more := len(each.details) - MAX_DETAILS:
            console.print(f"          and {more} more") if more > 0 else None
        if each.next:
            console.print(f"          next: {each.next}")
    counts = Counter(each.verdict for each in checks)
    console.print(
        f"{len(checks)} checks: {counts[Verdict.OK]} ok, {counts[Verdict.FAILED]} failed, "
        f"{counts[Verdict.ABSENT]} not there"
    )
