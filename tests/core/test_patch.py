"""JSON Patch by comparing; what holds for any JSON is in tests/property."""

import msgspec
import pytest

from webhook.core.patch import JSON, Operation, PatchError, apply, diff, plain, step
from webhook.core.pod import Toleration


def written(operations: tuple[Operation, ...]) -> list[JSON]:
    return [plain(each) for each in operations]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param({}, {"a": 1}, [{"op": "add", "path": "/a", "value": 1}], id="added"),
        pytest.param({"a": 1}, {}, [{"op": "remove", "path": "/a"}], id="removed"),
        pytest.param(
            {"a": 1}, {"a": 2}, [{"op": "replace", "path": "/a", "value": 2}], id="replaced"
        ),
        pytest.param(
            {"a": None}, {"a": {}}, [{"op": "add", "path": "/a", "value": {}}], id="null-is-absent"
        ),
        pytest.param(
            {"a": 1}, {"a": None}, [{"op": "replace", "path": "/a", "value": None}], id="made-null"
        ),
        pytest.param(
            {"a": {}}, {"a": []}, [{"op": "replace", "path": "/a", "value": []}], id="other-type"
        ),
        pytest.param([1], [1, 2], [{"op": "add", "path": "/1", "value": 2}], id="appended"),
        pytest.param(
            [1, 2, 3],
            [1],
            [{"op": "remove", "path": "/2"}, {"op": "remove", "path": "/1"}],
            id="cut-from-the-end",
        ),
        pytest.param(
            {"a": [{"b": 1}]},
            {"a": [{"b": 2}]},
            [{"op": "replace", "path": "/a/0/b", "value": 2}],
            id="inside-an-array",
        ),
        pytest.param(1, 2, [{"op": "replace", "path": "", "value": 2}], id="the-whole-document"),
        pytest.param(
            {"a": True}, {"a": 1}, [{"op": "replace", "path": "/a", "value": 1}], id="true-is-no-1"
        ),
        pytest.param(
            {"a": [1]},
            {"a": [1.0]},
            [{"op": "replace", "path": "/a/0", "value": 1.0}],
            id="whole-is-no-float",
        ),
        pytest.param(
            {"a/b": {"c~d": 1}},
            {"a/b": {"c~d": 2}},
            [{"op": "replace", "path": "/a~1b/c~0d", "value": 2}],
            id="escaped",
        ),
    ],
)
def test_difference_is_as_small_as_it_can_be(
    before: JSON, after: JSON, expected: list[JSON]
) -> None:
    assert written(diff(before, after)) == expected
    assert plain(apply(diff(before, after), before)) == after


@pytest.mark.parametrize("value", [{}, [], None, {"a": [1, {"b": None}]}, "x", 1.5], ids=str)
def test_equal_documents_differ_in_nothing(value: JSON) -> None:
    assert diff(value, plain(value)) == ()


def test_path_is_put_before_every_operation() -> None:
    assert [each.path for each in diff({"a": 1}, {"b": 2}, "/spec")] == ["/spec/a", "/spec/b"]


def test_document_stays_as_it_was() -> None:
    document: JSON = {"a": [{"b": 1}]}
    assert apply(diff(document, {"a": []}), document) == {"a": []}
    assert document == {"a": [{"b": 1}]}


def test_step_escapes_tilde_before_slash() -> None:
    assert step("nvidia.com/gpu~1") == "/nvidia.com~1gpu~01"


def test_structs_are_written_as_they_are_on_the_wire() -> None:
    operation = Operation(op="add", path="/-", value=Toleration(key="k", toleration_seconds=1))
    assert msgspec.json.encode(operation) == (
        b'{"op":"add","path":"/-","value":{"key":"k","tolerationSeconds":1}}'
    )


@pytest.mark.parametrize(
    ("operation", "document", "message"),
    [
        (Operation(op="add", path="/a/b", value=1), {}, "add /a/b: 'a' is not there"),
        (Operation(op="remove", path="/a"), {}, "remove /a: 'a' is not there"),
        (Operation(op="replace", path="/a", value=1), {}, "replace /a: 'a' is not there"),
        (Operation(op="replace", path="/1", value=1), [0], "replace /1: '1' is not there"),
        (Operation(op="add", path="/2", value=1), [0], "add /2: no list or object holds '2'"),
        (Operation(op="add", path="/x", value=1), [0], "add /x: no list or object holds 'x'"),
        (Operation(op="add", path="/x", value=1), "text", "add /x: no list or object holds 'x'"),
        (Operation(op="add", path="/x"), {}, "add /x: no value"),
        (Operation(op="add", path=""), {}, "add : no value"),
    ],
)
def test_what_does_not_apply_says_why(operation: Operation, document: JSON, message: str) -> None:
    with pytest.raises(PatchError) as caught:
        apply((operation,), document)
    assert str(caught.value) == message
