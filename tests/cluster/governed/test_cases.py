"""Every shipped case against the real API server: refused there exactly if it is expected to be.

Offline a case says what gpuclass decides; here the real API server applies the patches to the
objects (dry-run), so that one which does not apply, or makes an object invalid, shows. Each is sent
by whom it says, into its own namespace where that is an exempt one.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

import pytest

from tests.cluster.api import Api, ApiError, Json
from tests.cluster.components import ADMIN_GROUPS
from tests.cluster.controlplane import ControlPlane
from tests.cluster.governed.cluster import fresh_name
from tests.cluster.governed.manifests import pod
from tests.cluster.shipped import POLICIES
from tests.cluster.waiting import eventually
from tests.cluster.webhook import Webhook
from webhook.cli import cases
from webhook.cli.cases import Case
from webhook.cli.finding import Finding
from webhook.cli.judging import Requester
from webhook.cli.replay import replay
from webhook.core.cluster import UNKNOWN
from webhook.core.errors import Fault
from webhook.core.names import NODES_GROUP
from webhook.core.policy.policy import Policy
from webhook.core.workload import KINDS
from webhook.watch import policies

pytestmark = pytest.mark.cluster

SERVED = {each.kind for each in KINDS} | {"Pod"}
GLOBAL = {
    "PriorityClass": "/apis/scheduling.k8s.io/v1/priorityclasses",
    "RuntimeClass": "/apis/node.k8s.io/v1/runtimeclasses",
}
"""What has to exist before a pod may name it."""
UNKNOWN_PRIORITY = "no PriorityClass with name"
POLICY = policies.load(POLICIES)


def loaded() -> list[Case]:
    """Give the cases of new objects, to an API server where nothing exists before."""
    found = [case for case in cases.load(POLICIES) if isinstance(case, Case)]
    return [case for case in found if is_new(case)]


def is_new(case: Case) -> bool:
    """Tell whether nothing has to exist before it, not even the node of a kubelet that sends it."""
    return (
        case.cluster == UNKNOWN
        and NODES_GROUP not in case.requester.groups
        and all(step.old is None for step in case.steps)
    )


def findings(case: Case, policy: Policy) -> list[Finding]:
    outcomes = replay(case, policy)
    assert not isinstance(outcomes, Fault)
    return [each.finding for each in outcomes]


def whole(value: Json) -> Json:
    """Give a manifest with what the API server demands and a case leaves out."""
    made: Json = json.loads(json.dumps(value))
    made["metadata"].pop("namespace", None)
    made["metadata"].pop("uid", None)
    for owner in made["metadata"].get("ownerReferences", []):
        owner.setdefault("uid", "6c0b4a52-0000-4000-8000-000000000001")
    return made


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where cases are tried: a namespace for all that have no exempt one."""

    control_plane: ControlPlane
    namespace: str

    def make_namespace(self, name: str) -> str:
        """Have a namespace in which pods can be made."""
        api = self.control_plane.api
        body: Json = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
        _unless_there(lambda: api.request("POST", "/api/v1/namespaces", body))
        account = f"/api/v1/namespaces/{name}/serviceaccounts/default"
        eventually(lambda: api.is_ready(account), f"a ServiceAccount in {name}")
        return name

    def make_global(self, kind: str, value: Json) -> None:
        """Have what lies in no namespace; of a PriorityClass admission hears a moment later."""
        api = self.control_plane.api
        _unless_there(lambda: api.request("POST", GLOBAL[kind], value))
        if kind == "PriorityClass":
            probe = pod("probe", None, None, priorityClassName=value["metadata"]["name"])
            path = f"/api/v1/namespaces/{self.namespace}/pods"
            eventually(lambda: UNKNOWN_PRIORITY not in _refusal(api, path, probe), "its class")

    def refusal(self, finding: Finding, requester: Requester) -> str:
        """Send an object as somebody does, and give the words of who refuses it."""
        manifest, exempt = finding.manifest, POLICY.exempt.namespaces
        here = self.namespace
        if manifest.namespace in exempt:
            here = self.make_namespace(manifest.namespace)
        group = "api" if manifest.api_version == "v1" else "apis"
        path = f"/{group}/{manifest.api_version}/namespaces/{here}/{manifest.kind.lower()}s"
        groups = (*requester.groups, *ADMIN_GROUPS)
        sender = self.control_plane.api.acting_as(requester.user, groups)
        return _refusal(sender, path, whole(manifest.value))


def _refusal(api: Api, path: str, body: Json) -> str:
    try:
        api.request("POST", f"{path}?dryRun=All", body)
    except ApiError as error:
        return str(error)
    return ""


def _unless_there(make: Callable[[], object]) -> None:
    """Make something, unless somebody has."""
    try:
        make()
    except ApiError as error:
        if error.status != HTTPStatus.CONFLICT:
            raise


@pytest.fixture(scope="module")
def place(
    governed: ControlPlane,
    webhook: Webhook,  # noqa: ARG001 # cases are decided by it
) -> Iterator[Place]:
    """Give a namespace for the cases, by dry-run alone: nothing is ever in it."""
    made = Place(control_plane=governed, namespace=fresh_name("cases"))
    made.make_namespace(made.namespace)
    yield made
    governed.kubectl("delete", "namespace", made.namespace, "--wait=false")


@pytest.mark.parametrize("case", loaded(), ids=lambda case: Path(case.source).stem)
def test_the_api_server_takes_what_is_decided(place: Place, case: Case) -> None:
    for finding in findings(case, POLICY):
        manifest = finding.manifest
        if manifest.kind in GLOBAL:
            place.make_global(manifest.kind, whole(manifest.value))
        if manifest.kind not in SERVED:
            continue
        expected = any(
            not each.path.startswith(("spec.template", "spec.jobTemplate.spec.template"))
            for each in finding.violations
        )
        said = place.refusal(finding, case.requester)
        assert ("denied the request" in said) == expected, said
        assert bool(said) == expected, said
