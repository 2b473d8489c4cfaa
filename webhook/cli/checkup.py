"""Whether what gpuclass governs is healthy, check by check; each asks the API server and judges.

Nothing is written: the webhooks are asked with a pod in a dry run. What a person may not read is a
check that failed; that nobody answers at all ends the command, and is raised.
"""

from collections.abc import Mapping

from webhook.cli import check_gpuclass, check_nodes
from webhook.cli.check import Check, Run, Subject, Verdict
from webhook.control.api import ApiFailed

CHECKS: Mapping[str, Run] = {
    "kinds": check_gpuclass.kinds,
    "documents": check_gpuclass.documents,
    "programs": check_gpuclass.programs,
    "lease": check_gpuclass.lease,
    "webhooks": check_gpuclass.webhooks,
    "answer": check_gpuclass.answer,
    "nodes": check_nodes.nodes,
    "device-plugin": check_nodes.plugin,
    "argocd": check_nodes.applications,
}
"""Each check by its name, in the order in which one thing needs another."""


def examine(subject: Subject) -> tuple[Check, ...]:
    """Run every check."""
    return tuple(_run(name, check, subject) for name, check in CHECKS.items())


def _run(name: str, check: Run, subject: Subject) -> Check:
    try:
        return check(name, subject)
    except ApiFailed as failure:
        if not failure.status:
            raise
        return Check(
            name=name,
            verdict=Verdict.FAILED,
            found=f"can not be asked: {failure}",
            next="ask with the rights of an administrator",
        )
