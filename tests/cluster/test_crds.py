"""Our kinds on the real API server: what they accept, refuse, fill in, show and teach."""

import json
from collections.abc import Iterator

import pytest

from tests.cluster.api import MERGE_PATCH, Api, ApiError, Json
from tests.cluster.controlplane import ControlPlane
from tests.cluster.shipped import CRDS, POLICIES, apply_kinds
from tests.core.policy.bad_documents import EVERY, Bad, gpu_class, node, policy, pool, sound
from webhook.core.names import API_GROUP, API_VERSION
from webhook.core.policy import crd
from webhook.core.policy.decode import read_object
from webhook.core.policy.documents import KINDS, Document
from webhook.core.policy.schema import properties
from webhook.watch import files

pytestmark = pytest.mark.cluster

STRICT = "dryRun=All&fieldValidation=Strict"
KIND_PLURALS = {each.kind.__name__: plural for plural, each in crd.RESOURCES.items()}

TIME = "2026-01-02T03:04:05Z"
READY: Json = {
    "type": "Ready",
    "status": "True",
    "reason": "InForce",
    "message": "in force",
    "lastTransitionTime": TIME,
    "observedGeneration": 1,
}


@pytest.fixture(scope="module")
def plane(control_plane: ControlPlane) -> Iterator[ControlPlane]:
    """Give a control plane that knows our kinds."""
    apply_kinds(control_plane)
    yield control_plane
    control_plane.kubectl("delete", "-k", str(CRDS))


@pytest.fixture
def made(plane: ControlPlane) -> Iterator[ControlPlane]:
    """Give the control plane with one object of each kind, which are gone afterwards."""
    for each in sound():
        plane.api.request("POST", collection(each), each)
    yield plane
    for each in sound():
        plane.api.request("DELETE", item(each))


def collection(document: Json) -> str:
    return f"/apis/{API_GROUP}/{API_VERSION}/{KIND_PLURALS[document['kind']]}"


def item(document: Json) -> str:
    return f"{collection(document)}/{document['metadata']['name']}"


def refusal(api: Api, document: Json, query: str = STRICT) -> str:
    """Give why an object is refused; nothing is stored."""
    try:
        api.request("POST", f"{collection(document)}?{query}", document)
    except ApiError as error:
        return str(error)
    return ""


def decoded(value: Json) -> Document:
    found, faults = read_object(value, "given")
    assert faults == ()
    assert found is not None
    return found


def words(text: str) -> str:
    return " ".join(text.split())


def rows(plane: ControlPlane, *arguments: str) -> list[list[str]]:
    """Give the table that kubectl prints, without its last column, the age."""
    text = plane.kubectl("get", *arguments).stdout
    return [line.split()[:-1] for line in text.splitlines() if line]


def test_applying_them_again_changes_nothing(plane: ControlPlane) -> None:
    assert plane.kubectl("diff", "--server-side", "-k", str(CRDS), check=False).stdout == ""


@pytest.mark.parametrize("document", [pytest.param(each, id=each["kind"]) for each in sound()])
def test_what_is_sound_is_accepted(plane: ControlPlane, document: Json) -> None:
    assert refusal(plane.api, document) == ""


@pytest.mark.parametrize("bad", EVERY)
def test_what_is_wrong_with_one_object_is_refused_without_the_webhook(
    plane: ControlPlane, bad: Bad
) -> None:
    said = refusal(plane.api, bad.document)
    assert (bad.theirs is None) == (said == "")
    assert (bad.theirs or "") in said


def test_large_documents_are_within_what_rules_may_cost(plane: ControlPlane) -> None:
    users = [f"{index:03}".ljust(512, "u") for index in range(256)]
    labels = {f"{'a.' * 120}{index:03}/{'x' * 63}": "y" * 63 for index in range(64)}
    claims = {"names": [f"{index:03}".ljust(253, "n") for index in range(256)]}
    taints = [{"key": key, "effect": "NoSchedule"} for key in labels]
    paths = [f"spec.x{index}{'[*].y' * 49}"[:253] for index in range(64)]
    templates = [{"path": path, "annotations": path, "spec": path} for path in paths]
    kinds = [
        {"group": users[index][:253], "kind": "K" * 63, "templates": templates}
        for index in range(4)
    ]
    assert refusal(plane.api, policy(workloads=kinds)) == ""
    assert refusal(plane.api, policy(exempt={"users": users, "groups": users})) == ""
    assert refusal(plane.api, pool(selector=labels, labels=labels, taints=taints)) == ""
    assert refusal(plane.api, pool(claims={**claims, "matchLabels": labels})) == ""
    assert (
        refusal(plane.api, gpu_class(allowedPriorityClassNames=[u[:253] for u in users[:64]])) == ""
    )


def test_the_shipped_documents_come_back_as_files_give_them(plane: ControlPlane) -> None:
    written, _ = files.load(POLICIES)
    plane.kubectl("apply", "--server-side", "-k", str(POLICIES))
    ours = ",".join(crd.RESOURCES)
    found = json.loads(plane.kubectl("get", f"{ours},priorityclasses", "-o", "json").stdout)
    stored = [
        decoded(each)
        for each in found["items"]
        if not each["metadata"]["name"].startswith("system-")
    ]
    assert sorted(stored, key=repr) == sorted(written, key=repr)
    plane.kubectl("delete", "-k", str(POLICIES))


@pytest.mark.parametrize(
    "document",
    [
        pytest.param({**policy(), "spec": {}}, id="GPUPolicy"),
        pytest.param(gpu_class(), id="GPUClass"),
        pytest.param(
            pool(selector={"a": "b"}, taints=[{"key": "a", "effect": "NoExecute"}]),
            id="GPUNodePool",
        ),
        pytest.param(node("a.example"), id="GPUNode"),
    ],
)
def test_the_api_server_adds_nothing_to_what_an_author_wrote(
    plane: ControlPlane, document: Json
) -> None:
    stored = plane.api.request("POST", f"{collection(document)}?{STRICT}", document)
    assert stored["spec"] == document["spec"]
    assert decoded(stored) == decoded(document)


def test_fields_that_nobody_knows_are_refused_by_server_side_apply(plane: ControlPlane) -> None:
    document = json.dumps(pool(claims={"nmaes": ["gpu-*"]}))
    answer = plane.kubectl("apply", "--server-side", "-f", "-", input=document, check=False)
    assert answer.returncode != 0
    assert ".spec.claims.nmaes: field not declared in schema" in answer.stderr


@pytest.mark.parametrize("kind", KIND_PLURALS)
def test_explain_teaches_every_field(plane: ControlPlane, kind: str) -> None:
    text = words(plane.kubectl("explain", "--recursive", f"{kind.lower()}.spec").stdout)
    for each in properties(KINDS[kind])[1:]:
        assert each.name in text
    told = words(plane.kubectl("explain", f"{kind.lower()}.spec").stdout)
    for each in properties(KINDS[kind])[1:]:
        description = each.about.description
        assert words(f"{description[0].upper()}{description[1:]}.") in told


def test_a_status_is_written_for_itself_and_moves_no_generation(made: ControlPlane) -> None:
    for each in sound():
        body: Json = {"status": {"observedGeneration": 1, "conditions": [READY]}}
        beside = made.api.request("PATCH", item(each), body, MERGE_PATCH)
        assert "status" not in beside
        stored = made.api.request("PATCH", f"{item(each)}/status", body, MERGE_PATCH)
        assert stored["status"] == body["status"]
        assert stored["metadata"]["generation"] == 1
        assert decoded(stored) == decoded(each)


@pytest.mark.parametrize(
    ("status", "said"),
    [
        pytest.param(
            {"conditions": [{**READY, "status": "Yes"}]},
            'status.conditions[0].status: Unsupported value: "Yes"',
            id="a condition that is neither true nor false",
        ),
        pytest.param(
            {"conditions": [READY, READY]},
            "status.conditions[1]: Duplicate value",
            id="a condition twice",
        ),
        pytest.param(
            {"conditions": [{**READY, "reason": "two words"}]},
            "conditions[0].reason in body should match",
            id="a reason that is no word",
        ),
        pytest.param(
            {"conditions": [{**READY, "lastTransitionTime": "now"}]},
            "lastTransitionTime in body must be of type date-time",
            id="a time that is none",
        ),
    ],
)
def test_a_status_that_is_none_is_refused(made: ControlPlane, status: Json, said: str) -> None:
    with pytest.raises(ApiError) as refused:
        made.api.request("PATCH", f"{item(pool())}/status", {"status": status}, MERGE_PATCH)
    assert said in str(refused.value)


def test_kubectl_shows_what_an_operator_wants_to_know(made: ControlPlane) -> None:
    conditions = [READY]
    statuses: list[tuple[Json, Json]] = [
        (
            pool(),
            {"nodes": 3, "gpus": {"capacity": 24, "allocatable": 23, "allocated": 8}},
        ),
        (
            node(),
            {"joined": True, "gpus": {"capacity": 8, "allocatable": 8, "allocated": 1}},
        ),
        (gpu_class(), {"poolNames": "p", "nodes": 3}),
        (policy(), {"revision": "0123456789ab"}),
    ]
    for document, status in statuses:
        body: Json = {"status": {**status, "conditions": conditions}}
        made.api.request("PATCH", f"{item(document)}/status", body, MERGE_PATCH)
    assert rows(made, "gpupool") == [
        ["NAME", "NODES", "GPUS", "USED", "READY"],
        ["p", "3", "23", "8", "True"],
    ]
    assert rows(made, "gpun") == [
        ["NAME", "POOL", "JOINED", "GPUS", "USED", "READY"],
        ["n", "p", "true", "8", "1", "True"],
    ]
    assert rows(made, "gpuc") == [
        ["NAME", "POOLS", "PLACEMENT", "PRIORITY", "NODES", "READY"],
        ["c", "p", "3", "True"],
    ]
    assert rows(made, "gpupol") == [
        ["NAME", "MODE", "DEFAULT", "READY"],
        ["cluster", "c", "True"],
    ]


def test_kinds_are_found_one_by_one_and_together(made: ControlPlane) -> None:
    assert made.kubectl("get", "gpuclass", "c", "-o", "name").stdout == f"gpuclass.{API_GROUP}/c\n"
    together = made.kubectl("get", crd.CATEGORY, "-o", "name").stdout.split()
    assert sorted(together) == [
        f"gpuclass.{API_GROUP}/c",
        f"gpunode.{API_GROUP}/n",
        f"gpunodepool.{API_GROUP}/p",
        f"gpupolicy.{API_GROUP}/cluster",
    ]


POLICY_PATH = f"/apis/{API_GROUP}/{API_VERSION}/gpupolicies/cluster"


def test_what_was_added_by_hand_is_gone_after_the_next_sync(made: ControlPlane) -> None:
    def policies() -> Json:
        found: Json = made.api.request("GET", POLICY_PATH)["spec"]
        return found

    apply = ("apply", "--server-side", "--force-conflicts", "-k", str(POLICIES))
    made.kubectl(*apply)
    shipped = policies()
    exempt = {"namespaces": [*shipped["exempt"]["namespaces"], "by-hand"]}
    patch = {"spec": {"exempt": exempt, "rules": {"tolerations": "Off"}}}
    made.kubectl("patch", "gpupolicy", "cluster", "--type=merge", f"--patch={json.dumps(patch)}")
    assert "by-hand" in policies()["exempt"]["namespaces"]
    made.kubectl(*apply)
    assert policies() == shipped
