"""`gpuclass test`: the report and the exit code."""

import json
from pathlib import Path

import pytest

from tests.cli.shipped import POLICIES, policy
from webhook.cli.main import main
from webhook.watch import policies

CASE = """\
name: nodes are nobody's business
why: >-
  Because nothing
  is decided.
input: {apiVersion: v1, kind: Node, metadata: {name: m}}
expected: {verdict: %s, warnings: %s}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give an empty folder of cases, to be tried on the shipped policies."""
    monkeypatch.chdir(tmp_path)
    loaded = policy()
    monkeypatch.setattr(policies, "load", lambda _: loaded)
    cases = tmp_path / "p" / "cases"
    cases.mkdir(parents=True)
    return cases


def test_the_shipped_cases_hold(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["test", str(POLICIES)]) == 0
    assert capsys.readouterr().out.splitlines()[-1].endswith(" as expected")


def test_people_see_expected_against_got(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "a.yaml").write_text(CASE % ("ignore", "[]"))
    (folder / "b.yaml").write_text(CASE % ("deny", "[loud]"))
    assert main(["test", "p"]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "ok   p/cases/a.yaml:1: nodes are nobody's business",
        "FAIL p/cases/b.yaml:1: nodes are nobody's business",
        "     why: Because nothing is decided.",
        "     Node m: verdict",
        "       expected deny",
        "       got      ignore",
        "     Node m: warnings",
        "       expected loud",
        "       got      nothing",
        "2 cases: 1 as expected, 1 different",
    ]


def test_programs_see_the_same(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "b.yaml").write_text(CASE % ("deny", "[]"))
    assert main(["test", "-o", "json", "p"]) == 1
    (entry,) = json.loads(capsys.readouterr().out)
    assert (entry["source"], entry["line"], entry["passed"]) == ("p/cases/b.yaml", 1, False)
    (document,) = entry["documents"]
    assert document["expected"] == {"verdict": "deny", "warnings": []}
    assert document["got"]["verdict"] == "ignore"
    assert document["differences"] == [{"field": "verdict", "expected": "deny", "got": "ignore"}]


def test_a_case_that_can_not_be_read_is_bad_input(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "a.yaml").write_text(CASE % ("ignore", "[]"))
    (folder / "b.yaml").write_text("nme: x")
    pod = "{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: 1}"
    (folder / "c.yaml").write_text(f"name: m\nwhy: w\ninput: {pod}\nexpected: {{verdict: deny}}")
    assert main(["test", "p"]) == 2
    captured = capsys.readouterr()
    assert captured.out.splitlines()[-1] == "1 case: 1 as expected, 2 faults in the input"
    assert captured.err.splitlines() == [
        "p/cases/b.yaml:1: nme: no field of a case; did you mean name?",
        "p/cases/c.yaml:3: spec: expected a mapping, found the number 1",
    ]
