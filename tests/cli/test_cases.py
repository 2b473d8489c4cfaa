"""The format of cases: what is read, and what is refused."""

from pathlib import Path

import pytest

from webhook.cli import cases
from webhook.cli.cases import Case
from webhook.cli.report import place
from webhook.core.errors import Fault, OperatorError

HEAD = "name: m\nwhy: w\n"
NODE = "input: {apiVersion: v1, kind: Node, metadata: {name: m}}\n"


def parse(text: str) -> list[str]:
    return [
        place(each) if isinstance(each, Fault) else f"{each.line} {each.name}: {len(each.steps)}"
        for each in cases.parse(text, "c.yaml")
    ]


def test_a_file_may_hold_several_cases() -> None:
    case = f"{HEAD}{NODE}expected: {{verdict: ignore}}\n"
    assert parse(f"{case}---\n{case}") == ["1 m: 1", "6 m: 1"]


def test_the_items_of_lists_count_one_by_one() -> None:
    text = (
        f"{HEAD}request: {{namespace: here}}\ninput:\n"
        "  - {apiVersion: v1, kind: List, items: [{apiVersion: v1, kind: Node}, "
        "{apiVersion: v1, kind: Node}]}\n  - {apiVersion: v1, kind: Node}\n"
        "expected: [{verdict: ignore}, {verdict: ignore}, {verdict: allow}]\n"
    )
    (case,) = cases.parse(text, "c.yaml")
    assert isinstance(case, Case)
    assert [step.manifest.namespace for step in case.steps] == ["here"] * 3
    assert [step.expected.verdict for step in case.steps] == ["ignore", "ignore", "allow"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            f"{HEAD}{NODE}expected: {{verdict: ignore}}\ninputs: 1",
            "5: inputs: no field of a case; did you mean input?",
        ),
        (
            f"{HEAD}{NODE}expected:\n  verdit: ignore",
            "5: expected.verdit: no field of a case; did you mean verdict?",
        ),
        (
            f"{HEAD}{NODE}expected:\n- verdict: deny\n  violations:\n  - {{path: a, rul: b}}",
            "7: expected[0].violations[0].rul: no field of a case; did you mean rule?",
        ),
        (
            f"{HEAD}{NODE}request: {{usr: a}}\nexpected: {{verdict: ignore}}",
            "4: request.usr: no field of a case; did you mean user?",
        ),
        (f"{HEAD}{NODE}expected: {{}}", "4: expected: verdict is missing"),
        (
            f"{HEAD}{NODE}expected: {{verdict: refuse}}",
            "4: expected.verdict: invalid enum value 'refuse'",
        ),
        (f"{HEAD}expected: {{verdict: deny}}", "1: input is missing"),
        (f"{HEAD}input: []\nexpected: []", "1: input: no object in it"),
        (
            f"{HEAD}{NODE}expected: [{{verdict: deny}}, {{verdict: deny}}]",
            "1: expected: 2 entries for 1 objects of input",
        ),
        (
            f"{HEAD}{NODE}request: {{operation: UPDATE}}\nexpected: {{verdict: deny}}",
            "1: request.operation: UPDATE needs old, the object before, and CREATE has none",
        ),
        (
            f"{HEAD}{NODE}old: [{{apiVersion: v1, kind: A}}, {{apiVersion: v1, kind: A}}]\n"
            "expected: {verdict: deny}",
            "1: old: 2 objects for 1 objects of input",
        ),
        (
            f"{HEAD}input: 1\nexpected: {{verdict: deny}}",
            "3: no manifest: expected a mapping, found the number 1",
        ),
        ("- a", "1: expected a mapping, found a list"),
        ("a: [", "1: no valid YAML: did not find expected node content"),
    ],
)
def test_what_is_no_case_is_a_fault_with_its_line(text: str, expected: str) -> None:
    assert parse(text) == [f"c.yaml:{expected}"]


def test_a_folder_without_cases_is_said(tmp_path: Path) -> None:
    with pytest.raises(OperatorError) as raised:
        list(cases.load(tmp_path))
    assert str(raised.value) == (
        f"{tmp_path}/cases: no such folder; cases are files in it (docs/cases.md)"
    )
