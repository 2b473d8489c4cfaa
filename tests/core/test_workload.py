"""Workload kinds, and the ways into an object that may lack anything."""

import msgspec
import pytest

from tests.core.given import Json, request
from webhook.core.errors import RequestError
from webhook.core.patch import JSON
from webhook.core.pod import Pod
from webhook.core.review import GroupVersionKind
from webhook.core.template import Template
from webhook.core.workload import (
    KINDS,
    annotation,
    controller,
    find,
    pod_request,
    read,
    template_pod,
    templates,
)

DEPLOYMENT = next(each for each in KINDS if each.kind == "Deployment")
CRON_JOB = next(each for each in KINDS if each.kind == "CronJob")


@pytest.mark.parametrize(
    ("group", "kind"),
    [
        ("apps", "Deployment"),
        ("apps", "ReplicaSet"),
        ("apps", "StatefulSet"),
        ("apps", "DaemonSet"),
        ("", "ReplicationController"),
        ("batch", "Job"),
        ("batch", "CronJob"),
    ],
)
def test_every_built_in_kind_has_a_row_whatever_its_version(group: str, kind: str) -> None:
    for version in ("v1", "v1beta1"):
        row = find(GroupVersionKind(group=group, version=version, kind=kind))
        assert row is not None
        assert row.kind == kind


@pytest.mark.parametrize(
    ("group", "kind"), [("", "Pod"), ("example.com", "Deployment"), ("", "ConfigMap")]
)
def test_other_kinds_have_none(group: str, kind: str) -> None:
    assert find(GroupVersionKind(group=group, version="v1", kind=kind)) is None


def test_only_jobs_are_run_once() -> None:
    assert [each.kind for each in KINDS if each.run_once] == ["Job"]


@pytest.mark.parametrize(
    ("value", "expected"), [("training", "training"), ("", ""), (None, None), (1, None)], ids=str
)
def test_annotation_is_a_text(value: JSON, expected: str | None) -> None:
    assert annotation({"metadata": {"annotations": {"gpu-class": value}}}) == expected


@pytest.mark.parametrize(
    ("owners", "expected"),
    [
        (None, None),
        ([], None),
        ([{"kind": "App", "name": "a"}], None),
        ([{"kind": "App", "name": "a", "controller": False}], None),
        ([None, {"kind": "App", "name": "a", "controller": True}], "App a"),
    ],
    ids=["null", "none", "an-owner", "no-controller", "a-controller"],
)
def test_controller_is_the_owner_that_says_so(owners: JSON, expected: str | None) -> None:
    assert controller({"metadata": {"ownerReferences": owners}}) == expected


@pytest.mark.parametrize(
    "template",
    [None, {}, [], {"metadata": None, "spec": None}, {"metadata": {}, "spec": {}}],
    ids=str,
)
def test_template_that_says_nothing_is_an_empty_pod(template: JSON) -> None:
    assert template_pod(DEPLOYMENT.templates[0], {"spec": {"template": template}}) == Pod()


def test_template_of_a_cron_job_lies_deeper() -> None:
    spec = {"nodeName": "n"}
    document: Json = {"spec": {"jobTemplate": {"spec": {"template": {"spec": spec}}}}}
    (template,) = templates(CRON_JOB, document)
    assert template_pod(template, document).spec.node_name == "n"


def test_pods_are_created_by_the_controller_in_the_same_namespace() -> None:
    document: Json = {"spec": {"template": {"spec": {"x": 1}}}}
    sent = request(document, kind="Deployment", user="alice", groups=("admins",))
    found = pod_request(DEPLOYMENT, DEPLOYMENT.templates[0], sent, document)
    assert (found.kind.kind, found.operation, found.namespace) == ("Pod", "CREATE", "team-a")
    assert found.user_info.username == ("system:serviceaccount:kube-system:replicaset-controller")
    assert found.user_info.groups == ("system:serviceaccounts",)
    assert msgspec.json.decode(found.object) == {"metadata": {}, "spec": {"x": 1}}


def test_only_an_object_or_nothing_is_read() -> None:
    assert read(msgspec.Raw(b"null")) is None
    assert read(msgspec.Raw(b'{"a": 1}')) == {"a": 1}
    with pytest.raises(RequestError, match=r"^expected an object, found list$"):
        read(msgspec.Raw(b"[]"))


def test_a_field_of_a_pod_is_placed_where_it_lies_in_the_object() -> None:
    inlined = Template(path=("spec", "p"), annotations=("spec", "notes"), spec=("spec", "p"))
    usual = DEPLOYMENT.templates[0]
    assert usual.place("metadata.labels.a") == "spec.template.metadata.labels.a"
    assert inlined.place("metadata.labels.a") == "spec.p.metadata.labels.a"
    assert inlined.place('metadata.annotations["a"]') == 'spec.notes["a"]'
    assert inlined.place("spec.nodeName") == "spec.p.nodeName"
    assert inlined.placed("spec.nodeName: x") == "spec.p.nodeName: x"
    assert inlined.placed("asks for x") == "spec.p: asks for x"
