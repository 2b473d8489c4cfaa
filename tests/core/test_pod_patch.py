"""The patch of a pod: only the fields that rules may write, and applicable to the pod as sent."""

import pytest
from msgspec.structs import replace

from tests.core.given import Json, cpu_pod, pod
from tests.core.shapes import REQUIRED, required, term
from webhook.core.patch import plain
from webhook.core.pod import Affinity, NodeAffinity, NodeSelector, Pod, Toleration
from webhook.core.pod_patch import compare

TOLERATION = Toleration(key="k", operator="Exists")
WANTED = NodeAffinity(
    required_during_scheduling_ignored_during_execution=NodeSelector(node_selector_terms=())
)


def test_the_same_pod_needs_no_patch() -> None:
    given = pod(cpu_pod())
    assert compare(given, given) == ()
    assert compare(given, replace(given, spec=replace(given.spec))) == ()


def paths(before: Pod, after: Pod) -> list[str]:
    return [f"{each.op} {each.path}" for each in compare(before, after)]


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (cpu_pod(), ["add /metadata/annotations"]),
        (cpu_pod({}), ["add /metadata/annotations/a~1b"]),
        (cpu_pod({"a/b": "0"}), ["replace /metadata/annotations/a~1b"]),
        (cpu_pod({"a/b": "1"}), []),
    ],
    ids=["absent", "empty", "another-value", "equal"],
)
def test_annotation_is_written_where_it_lacks(document: Json, expected: list[str]) -> None:
    before = pod(document)
    annotations = {**before.annotations, "a/b": "1"}
    after = replace(before, metadata=replace(before.metadata, annotations=annotations))
    assert paths(before, after) == expected


def test_labels_are_written_like_annotations() -> None:
    before = pod(cpu_pod())
    after = replace(before, metadata=replace(before.metadata, labels={"a": "1"}))
    assert [plain(each) for each in compare(before, after)] == [
        {"op": "add", "path": "/metadata/labels", "value": {"a": "1"}}
    ]


@pytest.mark.parametrize(
    ("tolerations", "expected"),
    [
        (None, ["add /spec/tolerations"]),
        ([], ["add /spec/tolerations/0"]),
        ([{"key": "x", "operator": "Exists"}], ["add /spec/tolerations/1"]),
    ],
    ids=["null", "empty", "one"],
)
def test_tolerations_are_appended(tolerations: object, expected: list[str]) -> None:
    before = pod(cpu_pod(tolerations=tolerations))
    own = before.spec.tolerations or ()
    after = replace(before, spec=replace(before.spec, tolerations=(*own, TOLERATION)))
    assert paths(before, after) == expected


@pytest.mark.parametrize(
    ("affinity", "expected"),
    [
        (None, ["add /spec/affinity"]),
        ({}, ["add /spec/affinity/nodeAffinity"]),
        ({"podAffinity": {}}, ["add /spec/affinity/nodeAffinity"]),
        ({"nodeAffinity": {}}, [f"add /spec/affinity/nodeAffinity/{REQUIRED}"]),
    ],
    ids=["null", "empty", "of-pods", "empty-of-nodes"],
)
def test_affinity_is_written_as_deep_as_it_lacks(affinity: object, expected: list[str]) -> None:
    before = pod(cpu_pod(affinity=affinity))
    own = before.spec.affinity or Affinity()
    after = replace(before, spec=replace(before.spec, affinity=replace(own, node_affinity=WANTED)))
    assert paths(before, after) == expected


def test_affinity_that_is_there_is_changed_in_place() -> None:
    before = pod(cpu_pod(affinity=required(term("a In 1"), term("b In 2"))))
    after = pod(cpu_pod(affinity=required(term("a In 1", "c In 3"), term("b In 2", "c In 3"))))
    at = f"add /spec/affinity/nodeAffinity/{REQUIRED}/nodeSelectorTerms"
    assert paths(before, after) == [f"{at}/0/matchExpressions/1", f"{at}/1/matchExpressions/1"]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({}, {"priority": 5}, ["add /spec/priority"]),
        ({"priority": 5}, {"priority": 6}, ["replace /spec/priority"]),
        ({"priority": 5}, {}, ["remove /spec/priority"]),
        (
            {"priorityClassName": "a", "preemptionPolicy": "Never"},
            {"priorityClassName": "b"},
            ["replace /spec/priorityClassName", "remove /spec/preemptionPolicy"],
        ),
        ({"priority": 0}, {"priority": 0}, []),
    ],
    ids=["added", "replaced", "removed", "two-fields", "zero-stays"],
)
def test_priority_fields_are_written_each_for_itself(
    before: Json, after: Json, expected: list[str]
) -> None:
    assert paths(pod(cpu_pod(None, **before)), pod(cpu_pod(None, **after))) == expected


def test_what_a_pod_lacks_altogether_is_made_first() -> None:
    before = pod({})
    labelled = replace(before.metadata, labels={"a": "b"})
    after = replace(before, metadata=labelled, spec=replace(before.spec, priority=1))
    assert paths(before, after) == ["add /metadata", "add /spec"]
    assert [plain(each.value) for each in compare(before, after)] == [
        {"labels": {"a": "b"}},
        {"priority": 1},
    ]
    empty = pod({"metadata": {}, "spec": {}})
    after = replace(empty, metadata=labelled, spec=replace(empty.spec, priority=1))
    assert paths(empty, after) == ["add /metadata/labels", "add /spec/priority"]
