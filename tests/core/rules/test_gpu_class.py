"""Rule `class`: the annotation names it, else the policy's default; anything else is refused."""

import pytest

from tests.core.given import (
    Json,
    admitted,
    gpu_class,
    gpu_pod,
    mutate,
    policy,
    pool,
    refusals,
    request,
    shipped,
    validate,
)
from webhook.core.cluster import Cluster
from webhook.core.policy.policy import Policy

ANNOTATION = 'metadata.annotations["gpu-class"]'
CLASSES = "development, general, production, training"
POOL = pool("a", "gpu: x", "{key: k, effect: NoSchedule}")


@pytest.mark.parametrize(
    ("document", "name", "reason"),
    [
        (gpu_pod("training"), "training", "class training, from its annotation gpu-class"),
        (gpu_pod(), "general", "class general, the policy's default"),
        (gpu_pod(None, {}), "general", "class general, the policy's default"),
    ],
    ids=["annotated", "no-annotations", "another-annotation"],
)
def test_class_is_found(document: Json, name: str, reason: str) -> None:
    decision = mutate(document)
    assert (decision.gpu_class, decision.reason) == (name, reason)


@pytest.mark.parametrize(
    ("named", "message"),
    [
        ("trainng", f'there is no class "trainng"; did you mean training? Classes: {CLASSES}'),
        ("TRAINING", f'there is no class "TRAINING"; did you mean training? Classes: {CLASSES}'),
        ("zzz", f'there is no class "zzz". Classes: {CLASSES}'),
        ("", f'there is no class "". Classes: {CLASSES}'),
    ],
    ids=["misspelt", "in-capitals", "like-none", "empty"],
)
def test_unknown_class_is_refused_with_those_that_exist(named: str, message: str) -> None:
    for decide in (mutate, validate):
        decision = decide(gpu_pod(None, {"gpu-class": named}))
        assert refusals(decision) == [("class", ANNOTATION, message)]
        assert (decision.reason, decision.patch) == ("asks for a GPU, but gets no class", ())


def test_pod_without_a_class_is_refused_where_there_is_no_default() -> None:
    by = policy(cluster="mode: Enforce")
    message = (
        "the pod asks for a GPU and names no class, and the policy has no defaultClass; "
        f"annotate it gpu-class=<class>. Classes: {CLASSES}"
    )
    assert refusals(mutate(gpu_pod(), by)) == [("class", "metadata.annotations", message)]
    assert mutate(gpu_pod("general"), by).allowed


def test_policy_without_classes_says_so() -> None:
    decision = mutate(gpu_pod("a"), policy(POOL, "mode: Enforce"))
    assert refusals(decision) == [("class", ANNOTATION, 'there is no class "a". Classes: none')]


LIMITED = policy(
    POOL
    + gpu_class("open", "{name: a}")
    + gpu_class("teams", "{name: a}", 'allowedNamespaces: ["team-*", ml]')
    + gpu_class("closed", "{name: a}", "allowedNamespaces: []"),
    "defaultClass: teams",
)


@pytest.mark.parametrize(
    ("named", "namespace"),
    [("open", "x"), ("teams", "team-"), ("teams", "team-a"), ("teams", "ml"), (None, "ml")],
)
def test_namespace_that_a_glob_names_may_use_the_class(named: str | None, namespace: str) -> None:
    assert mutate(request(gpu_pod(named), namespace=namespace), LIMITED).allowed


@pytest.mark.parametrize(
    ("named", "namespace", "message"),
    [
        (
            "teams",
            "web",
            "class teams is not for namespace web; its allowedNamespaces: team-*, ml. "
            "Name another class, or have the namespace added",
        ),
        (
            None,
            "mls",
            "class teams is not for namespace mls; its allowedNamespaces: team-*, ml. "
            "Name another class, or have the namespace added",
        ),
        (
            "closed",
            "ml",
            "class closed is not for namespace ml; its allowedNamespaces: none. "
            "Name another class, or have the namespace added",
        ),
    ],
    ids=["named", "by-default", "for-nobody"],
)
def test_other_namespaces_are_refused(named: str | None, namespace: str, message: str) -> None:
    decision = mutate(request(gpu_pod(named), namespace=namespace), LIMITED)
    assert refusals(decision) == [("class", ANNOTATION, message)]


def test_labels_and_the_stamp_name_no_class() -> None:
    document = gpu_pod(None, {"gpuclass.io/injected": '{"class":"production"}'})
    document["metadata"]["labels"] = {"gpuclass.io/class": "production", "gpu-class": "training"}
    assert mutate(document).gpu_class == "general"


def in_namespace(named: str, by: Policy | None = None) -> Policy:
    return (by or shipped()).knowing(Cluster(namespaces={"team-a": {"gpu-class": named}}))


@pytest.mark.parametrize(
    ("document", "name", "reason"),
    [
        (gpu_pod(), "training", "class training, from the annotation gpu-class of its namespace"),
        (gpu_pod("production"), "production", "class production, from its annotation gpu-class"),
    ],
    ids=["names-none", "names-one-itself"],
)
def test_namespace_names_the_class_of_pods_that_name_none(
    document: Json, name: str, reason: str
) -> None:
    decision = mutate(document, in_namespace("training"))
    assert (decision.gpu_class, decision.reason) == (name, reason)


def test_class_that_a_namespace_names_and_that_can_not_be_had_is_refused_there() -> None:
    assert refusals(mutate(gpu_pod(), in_namespace("trainng"))) == [
        (
            "class",
            "metadata.namespace",
            "namespace team-a is annotated gpu-class=trainng, but there is no class "
            f'"trainng"; did you mean training? Classes: {CLASSES}',
        )
    ]
    (refused,) = refusals(mutate(gpu_pod(), in_namespace("closed", LIMITED)))
    assert refused[2].startswith("namespace team-a is annotated gpu-class=closed, but class closed")


@pytest.mark.parametrize("meanwhile", ["production", "nothing"])
def test_namespace_that_changes_its_class_refuses_no_pod_on_its_way(meanwhile: str) -> None:
    stored = admitted(gpu_pod(), in_namespace("training"))
    decision = validate(stored, in_namespace(meanwhile))
    assert refusals(decision) == []
    assert decision.reason == "class training, injected before"


def test_forged_stamp_gains_no_class_that_may_not_be_had() -> None:
    stamp = '{"class":"closed","revision":"x"}'
    forged = gpu_pod(None, {"gpuclass.io/injected": stamp}, priority=0)
    assert validate(forged, LIMITED).gpu_class == "teams"
