"""The controller on a real API server, with the rights of deploy/base: certificates, registration.

The tests share one installation and leave it governed.
"""

import base64
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from tests.cluster.api import MERGE_PATCH, ApiError, Json
from tests.cluster.binaries import Binaries
from tests.cluster.controlplane import ControlPlane
from tests.cluster.installed import CONTROLLER, KINDS, SERVER, SYSTEM, Installed
from tests.cluster.load import Load
from tests.cluster.shipped import POLICIES
from tests.cluster.waiting import eventually
from tests.exposition import bounds, strays
from webhook.control import measures as controlling
from webhook.control import secrets
from webhook.control.api import FIELD_MANAGER
from webhook.control.certificates import make_ca, make_leaf, read_all
from webhook.control.configurations import bundles
from webhook.control.leader import Times
from webhook.core import registration
from webhook.core.names import PAUSED_ANNOTATION
from webhook.serve import measures as serving
from webhook.watch import measures as watching
from webhook.watch import policies

pytestmark = pytest.mark.cluster

SECOND = "second-controller"
FLAGS = ("--settle=1s", "--overlap=3s")
PATIENCE = ("--lease-seconds=605", "--renew-seconds=600")
LEASE = f"/apis/coordination.k8s.io/v1/namespaces/{SYSTEM}/leases/gpuclass-controller"
POLICY = "/apis/gpuclass.io/v1alpha1/gpupolicies/cluster"
MUTATING, VALIDATING = (f"/apis/admissionregistration.k8s.io/v1/{kind}s/gpuclass" for kind in KINDS)


@pytest.fixture(scope="module")
def plane(binaries: Binaries) -> Iterator[ControlPlane]:
    """Give a control plane of its own."""
    with ControlPlane(binaries) as running:
        yield running


@pytest.fixture(scope="module")
def fresh(plane: ControlPlane) -> Iterator[Installed]:
    """Give the installation, as it is after the first pod was answered."""
    with Installed(plane, FLAGS) as running:
        yield running


@pytest.fixture
def installed(fresh: Installed) -> Iterator[Installed]:
    """Give the installation; afterwards it governs again."""
    yield fresh
    eventually(fresh.is_governed, "pods to be governed again")
    eventually(fresh.is_registered, "the registration to be whole again")


def trusted(installed: Installed) -> tuple[object, ...]:
    """Give the CAs that every live entry trusts."""
    return bundles(installed.configurations()).every


def patch_policy(plane: ControlPlane, spec: Json) -> None:
    plane.api.request("PATCH", POLICY, {"spec": spec}, MERGE_PATCH)


def test_a_first_install_governs_with_no_right_too_many_or_too_few(fresh: Installed) -> None:
    log = fresh.log(CONTROLLER)
    assert "forbidden" not in log
    failed = [line for line in log.splitlines() if "failed" in line]
    assert [line for line in failed if "no answer from the API server" not in line] == []
    for found in fresh.configurations().values():
        (owner,) = found["metadata"]["ownerReferences"]
        assert (owner["kind"], owner["name"]) == ("GPUPolicy", "cluster")
        managers = {each["manager"] for each in found["metadata"]["managedFields"]}
        assert managers == {FIELD_MANAGER}
    name = "gpuclass_controller_registered"
    eventually(lambda: fresh.metrics(CONTROLLER)[name] == 1, "the gauge")


def test_the_cas_key_is_in_a_secret_of_its_own(fresh: Installed) -> None:
    found = json.loads(
        fresh.control_plane.kubectl("-n", SYSTEM, "get", "secrets", "-o", "json").stdout
    )
    keys = {each["metadata"]["name"]: set(each["data"]) for each in found["items"]}
    assert keys[secrets.LEAF] == {"ca.crt", "tls.crt", "tls.key"}
    assert keys[secrets.AUTHORITY] == {"older.crt", "tls.crt", "tls.key"}


def test_the_controller_may_read_no_other_secret(fresh: Installed) -> None:
    account = f"--as=system:serviceaccount:{SYSTEM}:{CONTROLLER}"
    may = fresh.control_plane.kubectl
    for question in (("get", "secrets/other"), ("list", "secrets"), ("update", "nodes/a")):
        answer = may("auth", "can-i", *question, "-n", SYSTEM, account, check=False)
        assert answer.stdout.strip() == "no", question
    answer = may("auth", "can-i", "get", "secrets/gpuclass-tls", "-n", SYSTEM, account)
    assert answer.stdout.strip() == "yes"


def first_entry(change: Json) -> Callable[[Json], list[Json]]:
    """Give what merges a change into the first entry."""

    def edit(found: Json) -> list[Json]:
        first, *others = found["webhooks"]
        client = {**first["clientConfig"], **change.get("clientConfig", {})}
        return [{**first, **change, "clientConfig": client}, *others]

    return edit


STRANGER = {"name": "stranger.example.com"}


@pytest.mark.parametrize("path", [MUTATING, VALIDATING], ids=KINDS)
@pytest.mark.parametrize(
    "edit",
    [
        pytest.param(first_entry({"clientConfig": {"caBundle": "eA=="}}), id="caBundle"),
        pytest.param(first_entry({"failurePolicy": "Ignore"}), id="failurePolicy"),
        pytest.param(
            first_entry({"objectSelector": {"matchLabels": {"a": "b"}}}), id="objectSelector"
        ),
        pytest.param(
            first_entry({"matchConditions": [{"name": "never", "expression": "false"}]}),
            id="matchConditions",
        ),
        pytest.param(lambda found: found["webhooks"][1:], id="an entry removed"),
        pytest.param(
            lambda found: [*found["webhooks"], found["webhooks"][0] | STRANGER],
            id="an entry added",
        ),
    ],
)
def test_an_edit_by_hand_is_repaired(
    installed: Installed, path: str, edit: Callable[[Json], list[Json]]
) -> None:
    api = installed.control_plane.api
    before = api.request("GET", path)
    api.request("PATCH", path, {"webhooks": edit(before)}, MERGE_PATCH)
    eventually(lambda: api.request("GET", path)["webhooks"] == before["webhooks"], "the repair")


@pytest.mark.parametrize("path", [MUTATING, VALIDATING], ids=KINDS)
def test_one_that_is_deleted_by_hand_comes_back(installed: Installed, path: str) -> None:
    api = installed.control_plane.api
    before = api.request("GET", path)["metadata"]["uid"]
    api.request("DELETE", path)
    eventually(
        lambda: api.is_ready(path) and api.request("GET", path)["metadata"]["uid"] != before,
        "the configuration to come back",
    )


def test_mode_off_takes_the_registration_away_and_another_mode_gives_it_back(
    installed: Installed,
) -> None:
    plane = installed.control_plane
    patch_policy(plane, {"mode": "Off"})
    eventually(lambda: not installed.configurations(), "the registration to go")
    assert "labels" not in installed.probe()
    patch_policy(plane, {"mode": "Enforce"})
    eventually(installed.is_registered, "the registration to come back")


def test_a_policy_that_is_deleted_takes_the_registration_away(installed: Installed) -> None:
    plane = installed.control_plane
    before = plane.api.request("GET", POLICY)["metadata"]["uid"]
    plane.kubectl("delete", "gpupolicy", "cluster")
    eventually(lambda: not installed.configurations(), "the registration to go")
    plane.kubectl("apply", "--server-side", "-f", str(POLICIES / "policy.yaml"))
    eventually(installed.is_registered, "the registration to come back")
    (owner,) = installed.configurations()["MutatingWebhookConfiguration"]["metadata"][
        "ownerReferences"
    ]
    assert owner["uid"] == plane.api.request("GET", POLICY)["metadata"]["uid"] != before


def test_a_pause_is_the_last_resort_and_lasts(installed: Installed) -> None:
    kubectl = installed.control_plane.kubectl
    kubectl("annotate", "namespace", SYSTEM, f"{PAUSED_ANNOTATION}=true")
    eventually(lambda: not installed.configurations(), "the registration to go")
    kubectl("annotate", "gpupolicy", "cluster", "anything=new")
    turns = "gpuclass_controller_turn_duration_seconds_count"
    before = installed.metrics(CONTROLLER)[turns]
    eventually(lambda: installed.metrics(CONTROLLER)[turns] > before, "another look")
    assert not installed.configurations()
    kubectl("annotate", "namespace", SYSTEM, f"{PAUSED_ANNOTATION}-")
    eventually(installed.is_registered, "the registration to come back")


def test_documents_that_make_no_policy_change_nothing_and_the_switch_still_works(
    installed: Installed,
) -> None:
    plane = installed.control_plane
    before = {kind: each["webhooks"] for kind, each in installed.configurations().items()}
    lost: Json = {
        "apiVersion": "gpuclass.io/v1alpha1",
        "kind": "GPUClass",
        "metadata": {"name": "lost"},
        "spec": {"pools": [{"name": "nowhere"}]},
    }
    with installed.silent(SERVER):  # nobody refuses it
        plane.kubectl("apply", "-f", "-", input=json.dumps(lost))
    eventually(lambda: "policy refused" in installed.log(CONTROLLER), "the refusal")
    after = {kind: each["webhooks"] for kind, each in installed.configurations().items()}
    assert after == before
    patch_policy(plane, {"mode": "Off"})
    eventually(lambda: not installed.configurations(), "the registration to go")
    patch_policy(plane, {"mode": "Enforce"})
    plane.kubectl("delete", "gpuclass", "lost")
    eventually(installed.is_registered, "the registration to come back")


@pytest.mark.parametrize(
    "names",
    [
        pytest.param([secrets.LEAF], id="the leaf"),
        pytest.param([secrets.AUTHORITY], id="the CA"),
        pytest.param([secrets.LEAF, secrets.AUTHORITY], id="both"),
    ],
)
def test_a_secret_that_is_deleted_is_made_anew_and_no_pod_is_refused(
    installed: Installed, names: list[str]
) -> None:
    plane = installed.control_plane
    before = secret(plane, secrets.LEAF)["tls.crt"]
    with Load(plane.api) as load:
        plane.kubectl("-n", SYSTEM, "delete", "secret", *names)
        eventually(lambda: is_renewed(installed, before, names), "new Secrets")
        eventually(lambda: len(trusted(installed)) == 1, "the old CA to go")
    assert load.wrong == []


def test_a_secret_that_is_broken_by_hand_is_made_anew_and_no_pod_is_refused(
    installed: Installed,
) -> None:
    plane = installed.control_plane
    path = f"/api/v1/namespaces/{SYSTEM}/secrets/{secrets.LEAF}"
    with Load(plane.api) as load:
        plane.api.request("PATCH", path, {"data": {"tls.key": "eA=="}}, MERGE_PATCH)
        eventually(lambda: secret(plane, secrets.LEAF)["tls.key"] != b"x", "a new leaf")
    assert load.wrong == []


def secret(plane: ControlPlane, name: str) -> dict[str, bytes]:
    """Give the data of a Secret, nothing where there is none."""
    try:
        found = plane.api.request("GET", f"/api/v1/namespaces/{SYSTEM}/secrets/{name}")
    except ApiError:
        return {}
    return {key: base64.b64decode(value) for key, value in found["data"].items()}


def is_renewed(installed: Installed, before: bytes, names: list[str]) -> bool:
    """Tell whether the leaf is another one, or is still the leaf of the CA that stayed."""
    plane = installed.control_plane
    leaf, ca = secret(plane, secrets.LEAF), secret(plane, secrets.AUTHORITY)
    if not leaf or not ca or leaf["tls.crt"] == before:
        return False
    return read_all(leaf["ca.crt"]) == read_all(ca["tls.crt"]) and bool(names)


def test_certificates_of_cert_manager_are_followed_and_taken_over_when_it_goes(
    installed: Installed,
) -> None:
    plane = installed.control_plane
    path = f"/api/v1/namespaces/{SYSTEM}/secrets/{secrets.LEAF}"
    now = datetime.now(UTC)
    ca = make_ca(now)
    leaf = make_leaf(ca, registration.Service().hosts, now)
    pems = {
        "ca.crt": ca.certificate_pem(),
        "tls.crt": leaf.certificate_pem(),
        "tls.key": leaf.key_pem(),
    }
    data = {key: base64.b64encode(value).decode() for key, value in pems.items()}
    annotation = "cert-manager.io/certificate-name"
    theirs = {"metadata": {"annotations": {annotation: "gpuclass"}}, "data": data}
    plane.api.request("PATCH", path, theirs, MERGE_PATCH)
    eventually(lambda: trusted(installed) == (ca.certificate,), "their CA alone")
    assert secret(plane, secrets.LEAF) == pems
    eventually(installed.is_governed, "pods to be governed")
    plane.api.request("PATCH", path, {"metadata": {"annotations": {annotation: None}}}, MERGE_PATCH)
    eventually(
        lambda: len(trusted(installed)) == 1 and ca.certificate not in trusted(installed),
        "our CA alone",
    )
    assert secret(plane, secrets.LEAF)["tls.crt"] != pems["tls.crt"]


def holder(plane: ControlPlane) -> str:
    """Give who holds the lease."""
    return str(plane.api.request("GET", LEASE)["spec"]["holderIdentity"])


def is_leading(installed: Installed, name: str) -> bool:
    return installed.metrics(name)["gpuclass_controller_leading"] == 1


def test_a_second_controller_takes_over_from_a_killed_and_from_an_ended_one(
    installed: Installed,
) -> None:
    plane = installed.control_plane
    installed.start_controller(SECOND)
    first = holder(plane)
    assert not is_leading(installed, SECOND)
    installed.kill(CONTROLLER)
    eventually(lambda: is_leading(installed, SECOND), "the second to lead")
    second = holder(plane)
    assert second not in {first, ""}
    installed.start_controller(CONTROLLER)
    installed.end(SECOND)
    assert "lease released" in installed.log(SECOND)
    # Nothing but the next try of the other one is waited for, not the end of the lease.
    assert holder(plane) != second
    eventually(lambda: is_leading(installed, CONTROLLER), "the first to lead")
    plane.api.request("DELETE", MUTATING)
    eventually(installed.is_registered, "the new leader to act")


def test_a_leader_that_is_shut_out_ends_and_says_so(installed: Installed) -> None:
    plane = installed.control_plane
    taken = {"spec": {"holderIdentity": "somebody else"}}
    plane.api.request("PATCH", LEASE, taken, MERGE_PATCH)
    eventually(
        lambda: (
            "the lease is held by somebody else: this replica ends" in installed.log(CONTROLLER)
        ),
        "the leader to end",
    )
    installed.restart(CONTROLLER)
    eventually(lambda: is_leading(installed, CONTROLLER), "it to lead again")


@contextmanager
def patient(installed: Installed) -> Iterator[None]:
    """Let a leader lead that bears an API server's absence for as long as a busy machine takes."""
    installed.end(CONTROLLER)
    installed.start_controller(CONTROLLER, *PATIENCE)
    try:
        eventually(lambda: is_leading(installed, CONTROLLER), "the patient one to lead")
        yield
    finally:
        installed.end(CONTROLLER)
        installed.start_controller(CONTROLLER)


def test_an_api_server_that_is_restarted_is_no_reason_to_end(installed: Installed) -> None:
    """That one which is away for longer than the lease may be held is one: `test_leader`."""
    plane = installed.control_plane
    with patient(installed):
        before = holder(plane)
        plane.restart_apiserver()
        plane.api.request("DELETE", VALIDATING)
        eventually(installed.is_registered, "the repair")
        assert holder(plane) == before


@pytest.mark.slow
def test_a_leader_that_stood_still_goes_on_with_its_duties(installed: Installed) -> None:
    """It wakes up when it may not act any more, and renews: nobody else has asked for the lease."""
    plane = installed.control_plane
    before = holder(plane)
    for _ in range(3):
        with installed.silent(CONTROLLER):
            time.sleep(Times().renew + 1)
            plane.api.request("DELETE", VALIDATING)
        eventually(installed.is_registered, "the repair")
    assert holder(plane) == before


def test_without_a_controller_the_garbage_collector_takes_the_registration_away(
    installed: Installed,
) -> None:
    plane = installed.control_plane
    installed.end(CONTROLLER)
    plane.kubectl("delete", "gpupolicy", "cluster")
    eventually(lambda: not installed.configurations(), "the registration to go")
    plane.kubectl("apply", "--server-side", "-f", str(POLICIES / "policy.yaml"))
    installed.start_controller(CONTROLLER)
    assert installed.metrics(SERVER)


def test_neither_program_shows_a_series_or_a_value_that_its_table_has_not(
    installed: Installed,
) -> None:
    """The last of the file: both have been through everything above."""
    among = bounds(policies.load(POLICIES))
    server = (*serving.ROWS, *watching.ROWS)
    assert strays(installed.exposition(SERVER), server, among) == []
    assert strays(installed.exposition(CONTROLLER), controlling.ROWS, among) == []
