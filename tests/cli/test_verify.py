"""`gpuclass verify`: what it shows and how it ends; the checks themselves are in test_checkup."""

import json
from pathlib import Path

import pytest

from webhook.cli import verify
from webhook.cli.check import Check, Subject, Verdict
from webhook.cli.main import main
from webhook.control.api import ApiFailed

OK = Check(name="kinds", verdict=Verdict.OK, found="4 of 4 kinds are served")
ABSENT = Check(name="argocd", verdict=Verdict.ABSENT, found="no Argo CD is installed")
FAILED = Check(
    name="device-plugin",
    verdict=Verdict.FAILED,
    found="n/plugin runs",
    details=tuple(f"n/plugin-{number}: 0 of 1 pods are ready" for number in range(22)),
    next="kubectl get pods -A",
)
KUBECONFIG = """\
apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: "http://127.0.0.1:1"}}]
users: [{name: u, user: {}}]
contexts: [{name: lab, context: {cluster: c, user: u}}]
current-context: lab
"""


@pytest.fixture
def kubeconfig(tmp_path: Path) -> str:
    path = tmp_path / "kubeconfig"
    path.write_text(KUBECONFIG, encoding="utf-8")
    return str(path)


def found(monkeypatch: pytest.MonkeyPatch, *checks: Check) -> list[Subject]:
    """Let the checks end so, and give what they were asked of."""
    asked: list[Subject] = []

    def examine(subject: Subject) -> tuple[Check, ...]:
        asked.append(subject)
        return checks

    monkeypatch.setattr(verify, "examine", examine)
    return asked


def test_checks_are_shown_one_by_one_and_counted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], kubeconfig: str
) -> None:
    asked = found(monkeypatch, OK, FAILED, ABSENT)
    assert main(["verify", "--kubeconfig", kubeconfig, "-n", "elsewhere"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[:3] == [
        "ok      kinds          4 of 4 kinds are served",
        "FAILED  device-plugin  n/plugin runs",
        "          n/plugin-0: 0 of 1 pods are ready",
    ]
    assert lines[-4:] == [
        "          and 2 more",
        "          next: kubectl get pods -A",
        "-       argocd         no Argo CD is installed",
        "3 checks: 1 ok, 1 failed, 1 not there",
    ]
    (subject,) = asked
    assert (subject.policy, subject.namespace) == (None, "elsewhere")


def test_all_well_is_zero_and_json_has_each_field(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], kubeconfig: str
) -> None:
    found(monkeypatch, OK, ABSENT)
    assert main(["verify", "--kubeconfig", kubeconfig, "-o", "json"]) == 0
    first, _ = json.loads(capsys.readouterr().out)
    assert first == {
        "name": "kinds",
        "verdict": "ok",
        "found": "4 of 4 kinds are served",
        "details": [],
        "next": "",
    }


def test_nobody_who_answers_is_one_line(
    capsys: pytest.CaptureFixture[str], kubeconfig: str
) -> None:
    assert main(["verify", "--kubeconfig", kubeconfig]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("GET /apis/apiextensions.k8s.io/v1/customresourcedefinitions/")


def test_a_failure_of_a_request_is_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], kubeconfig: str
) -> None:
    def fail(_: Subject) -> tuple[Check, ...]:
        raise ApiFailed("GET", "/x", 0, "timed out")

    monkeypatch.setattr(verify, "examine", fail)
    assert main(["verify", "--kubeconfig", kubeconfig]) == 2
    assert capsys.readouterr().err == "GET /x: timed out\n"
