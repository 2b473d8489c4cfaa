"""Every shipped case against the real API server: refused there exactly if it is expected to be.

Offline a case says what gpuclass decides; here the real API server applies the patches to the
objects (dry-run), so that one which does not apply, or makes an object invalid, shows.
"""

import json
from pathlib import Path

import pytest

from tests.cluster.api import Json
from tests.cluster.governed.cluster import Namespace
from tests.cluster.webhook import POLICIES
from webhook.cli import cases
from webhook.cli.cases import Case
from webhook.cli.finding import Finding
from webhook.cli.judging import requester
from webhook.cli.replay import replay
from webhook.core.cluster import UNKNOWN
from webhook.core.errors import Fault
from webhook.core.policy.policy import Policy
from webhook.core.workload import KINDS
from webhook.watch import policies

pytestmark = pytest.mark.cluster

SERVED = {each.kind for each in KINDS} | {"Pod"}
NAMED_BY_PODS = {"PriorityClass", "RuntimeClass"}
"""What has to exist before a pod may name it."""
POLICY = policies.load(POLICIES)


def loaded() -> list[Case]:
    """Give the cases that anybody may send, as new objects."""
    found = [case for case in cases.load(POLICIES) if isinstance(case, Case)]
    return [case for case in found if is_new(case)]


def is_new(case: Case) -> bool:
    """Tell whether anybody may send it, to an API server where nothing exists before."""
    return (
        case.requester == requester()
        and case.cluster == UNKNOWN
        and all(step.old is None for step in case.steps)
    )


def findings(case: Case, policy: Policy) -> list[Finding]:
    outcomes = replay(case, policy)
    assert not isinstance(outcomes, Fault)
    return [each.finding for each in outcomes]


def whole(value: Json) -> Json:
    """Give a manifest with what the API server demands and a case leaves out."""
    text = json.dumps(value)
    made: Json = json.loads(text)
    made["metadata"].pop("namespace", None)
    made["metadata"].pop("uid", None)
    for owner in made["metadata"].get("ownerReferences", []):
        owner.setdefault("uid", "6c0b4a52-0000-4000-8000-000000000001")
    return made


@pytest.mark.parametrize("case", loaded(), ids=lambda case: Path(case.source).stem)
def test_the_api_server_takes_what_is_decided(team: Namespace, case: Case) -> None:
    for finding in findings(case, POLICY):
        manifest = finding.manifest
        if manifest.kind in NAMED_BY_PODS:
            team.apply(whole(manifest.value))
        if manifest.kind not in SERVED or manifest.namespace in POLICY.exempt.namespaces:
            continue
        own_refusal = any(
            not each.path.startswith(("spec.template", "spec.jobTemplate.spec.template"))
            for each in finding.violations
        )
        answer = team.kubectl(
            "create",
            "--dry-run=server",
            "--filename",
            "-",
            check=False,
            text=json.dumps(whole(manifest.value)),
        )
        refused = "denied the request" in answer.stderr
        assert refused == own_refusal, answer.stderr
        assert refused or answer.returncode == 0, answer.stderr
