"""A document of our own kinds that is written: refused for what it brings, and only for that."""

from collections.abc import Sequence

import msgspec
import pytest
from msgspec.structs import replace

from tests.core.given import policy as compiled
from tests.core.policy.bad_documents import EVERY, Bad, Json, gpu_class, node, policy, pool, sound
from webhook.core.decide import decide
from webhook.core.decision import Decision, Verdict
from webhook.core.errors import RequestError
from webhook.core.policy import decode
from webhook.core.policy.documents import Document
from webhook.core.review import GroupVersionKind, Request
from webhook.core.subject.case import Stage
from webhook.core.subject.document import judge

ORDER = "; apply what is named first: PriorityClasses, then pools, classes, the policy"
BATCH: Json = {
    "apiVersion": "scheduling.k8s.io/v1",
    "kind": "PriorityClass",
    "metadata": {"name": "batch"},
    "value": 5,
}


def stored(*objects: Json) -> tuple[Document, ...]:
    """Give documents as they are read from the API server."""
    found = []
    for each in objects:
        source = f"{each['kind'].lower()}/{each['metadata']['name']}"
        document, faults = decode.read_object(each, source)
        assert faults == ()
        assert document is not None
        found.append(document)
    return tuple(found)


def request(new: Json | None, old: Json | None = None) -> Request:
    """Give the request that creates (no old), changes, or deletes (no new) an object."""
    about = new or old
    assert about is not None
    return Request(
        uid="u",
        kind=GroupVersionKind(group="gpuclass.io", version="v1alpha1", kind=about["kind"]),
        name=about["metadata"]["name"],
        operation="CREATE" if old is None else "UPDATE" if new else "DELETE",
        object=msgspec.Raw(msgspec.json.encode(new)),
        old_object=msgspec.Raw(msgspec.json.encode(old)),
    )


def written(
    new: Json | None, *, old: Json | None = None, beside: Sequence[Json] | None = None
) -> Decision:
    return judge(request(new, old), stored(*(sound() if beside is None else beside)))


def refusals(decision: Decision) -> list[tuple[str, str]]:
    assert (decision.verdict is Verdict.DENY) == bool(decision.violations)
    assert {each.rule for each in decision.violations} <= {"document"}
    return [(each.path, each.message) for each in decision.violations]


@pytest.mark.parametrize("document", [pytest.param(each, id=each["kind"]) for each in sound()])
def test_what_is_sound_is_let_in_new_or_again(document: Json) -> None:
    assert written(document) == written(document, old=document)
    assert written(document).allowed
    assert written(document).warnings == ()


@pytest.mark.parametrize("bad", EVERY)
def test_what_is_wrong_with_a_document_is_refused_at_its_field(bad: Bad) -> None:
    path, message = bad.ours
    order = ORDER if message.startswith("there is no ") else ""
    assert refusals(written(bad.document)) == [(path, f"{message}{order}")]


def test_all_faults_are_refused_at_once() -> None:
    document = gpu_class(
        pools=[{"name": "x"}, {"name": "p"}, {"name": "y"}],
        priorityClassName="missing",
        allowedPriorityClassNames=["system-node-critical", "batch", "lost"],
    )
    assert [path for path, _ in refusals(written(document, beside=(*sound(), BATCH)))] == [
        "spec.pools[0].name",
        "spec.pools[2].name",
        "spec.allowedPriorityClassNames[0]",
        "spec.priorityClassName",
        "spec.allowedPriorityClassNames[2]",
    ]


def test_a_priority_class_that_is_missing_is_refused_with_those_that_there_are() -> None:
    document = gpu_class(priorityClassName="bacth")
    assert refusals(written(document, beside=(*sound(), BATCH))) == [
        (
            "spec.priorityClassName",
            f"there is no PriorityClass bacth; known: batch; did you mean batch?{ORDER}",
        )
    ]


def test_two_pools_that_claim_a_node_are_refused_at_the_one_that_is_written() -> None:
    claims = {"names": ["gpu-1*"]}
    other, new = pool("a", claims=claims), pool("z", claims={"names": ["gpu-12"]})
    said = "pool {} claims such nodes by {} (gpunodepool/{}): part them"
    assert refusals(written(new, beside=(*sound(), other))) == [
        ("spec.claims.names[0]", f"gpu-12: {said.format('a', 'gpu-1*', 'a')}")
    ]
    assert refusals(written(other, beside=(*sound(), new))) == [
        ("spec.claims.names[0]", f"gpu-1*: {said.format('z', 'gpu-12', 'z')}")
    ]


def test_what_was_wrong_before_is_not_refused_so_that_it_can_be_mended_step_by_step() -> None:
    broken = gpu_class(pools=[{"name": "x"}, {"name": "y"}])
    half = gpu_class(pools=[{"name": "y"}])
    worse = gpu_class(pools=[{"name": "y"}, {"name": "z"}])
    beside = (policy(), pool(), broken)
    assert written(pool("q"), beside=beside).allowed
    assert written(pool("y"), beside=beside).allowed
    assert written(policy(mode="Warn"), old=policy(), beside=beside).allowed
    assert written(half, old=broken, beside=beside).allowed
    assert refusals(written(worse, old=half, beside=beside)) == [
        ("spec.pools[1].name", f"there is no GPUNodePool z; known: p{ORDER}")
    ]


def test_the_first_documents_of_a_cluster_need_none_before_them() -> None:
    assert written(pool(), beside=()).allowed
    assert written(gpu_class(), beside=(pool(),)).allowed
    assert written(policy(), beside=(pool(), gpu_class())).allowed


def test_a_fault_that_a_write_brings_to_another_document_names_it() -> None:
    narrow = policy(gpuResources=["amd.com/gpu"])
    beside = (pool(resources=["nvidia.com/gpu"]), gpu_class(), policy())
    (told,) = written(narrow, old=policy(), beside=beside).warnings
    assert told == (
        "gpunodepool/p spec.resources[0]: spec.gpuResources (gpupolicy/cluster) does not list"
        " nvidia.com/gpu: pods that ask for it are left alone; add it there"
    )


def test_what_can_not_be_read_is_refused_for_what_is_new_in_it() -> None:
    old = gpu_class(placement="Any")
    new = gpu_class(placement="Any", pools=[{"name": "p", "weight": 0}])
    assert refusals(written(new, old=old)) == [("spec.pools[0].weight", "0 is not in 1..100")]
    assert written(old, old=old).allowed


def test_warnings_are_told_and_do_not_refuse() -> None:
    decision = written({**policy(), "spec": {}}, old=policy())
    assert decision.allowed
    assert decision.warnings == (
        "spec.defaultClass: absent: a GPU pod that names no class is refused",
    )
    assert decision.rules == ("document",)


@pytest.mark.parametrize(
    ("gone", "beside", "told"),
    [
        pytest.param(
            pool(),
            (pool(), gpu_class(), policy(), gpu_class("b")),
            "pool p is still named by GPUClass b, c: change that;"
            " the last good policy stays in force until then",
            id="a pool of two classes",
        ),
        pytest.param(
            pool("q"),
            (*sound(), pool("q"), node("m", pool="q")),
            "pool q is still named by GPUNode m: change that;"
            " the last good policy stays in force until then",
            id="a pool of a declared node",
        ),
        pytest.param(
            node(), sound(), "node n stays, and so do its labels and taints", id="a declared node"
        ),
        pytest.param(pool("q"), (*sound(), pool("q")), None, id="a pool of no class"),
        pytest.param(
            gpu_class(),
            sound(),
            "class c is still named by GPUPolicy cluster: change that;"
            " the last good policy stays in force until then",
            id="the default class",
        ),
        pytest.param(
            gpu_class("b"),
            (*sound(), gpu_class("b")),
            "GPU pods that name class b are refused from now on; those that there are stay",
            id="another class",
        ),
        pytest.param(
            policy(),
            sound(),
            "without a GPUPolicy no pod is placed and none refused;"
            " mode Off does the same and keeps it",
            id="the policy",
        ),
    ],
)
def test_deleting_is_never_refused_and_says_what_follows(
    gone: Json, beside: tuple[Json, ...], told: str | None
) -> None:
    decision = written(None, old=gone, beside=beside)
    assert decision.allowed
    assert decision.warnings == ((told,) if told else ())
    assert all(len(each) <= 130 for each in decision.warnings)


UNKNOWN_POOL = gpu_class(pools=[{"name": "nonsense"}])


@pytest.mark.parametrize("mode", ["Enforce", "Warn", "Audit", '"Off"'])
@pytest.mark.parametrize("dry_run", [False, True])
def test_documents_are_judged_in_every_mode_beside_those_of_the_policy(
    mode: str, dry_run: bool
) -> None:
    by = compiled(cluster=f"defaultClass: general, mode: {mode}")
    asked = replace(request(UNKNOWN_POOL), dry_run=dry_run)
    assert not decide(asked, by, Stage.VALIDATE).allowed
    beside = by.beside(stored(pool("nonsense")))
    assert decide(asked, beside, Stage.VALIDATE).allowed
    assert beside.revision == by.revision
    assert beside == by


def test_a_status_is_nobodys_business() -> None:
    asked = replace(request(UNKNOWN_POOL), sub_resource="status")
    assert decide(asked, compiled(), Stage.VALIDATE).allowed


@pytest.mark.parametrize("body", [b"[]", b'"x"', b"{"])
def test_what_is_no_object_is_an_error_of_the_request(body: bytes) -> None:
    asked = replace(request(UNKNOWN_POOL), object=msgspec.Raw(body))
    with pytest.raises(RequestError, match="the GPUClass can not be read"):
        decide(asked, compiled(), Stage.VALIDATE)
