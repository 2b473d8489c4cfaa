"""`make e2e` itself: what it says where nothing can be proved, and where a thing is otherwise."""

from collections.abc import Callable

import pytest

from tests.e2e import steps
from tests.e2e.__main__ import main
from tests.e2e.machine import Machine, RefutedError, UnprovedError, expect


class Recorder(Machine):
    """A machine that runs nothing and notes it."""

    def run(self, *command: str, text: str = "", is_expected: bool = True) -> str:  # noqa: ARG002 - as in Machine
        """Note a command."""
        RAN.append(" ".join(command))
        return ""


RAN: list[str] = []


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    RAN.clear()
    for name in ("REQUIRE_E2E", "KEEP"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(("required", "code"), [("0", 0), ("1", 1)])
def test_where_nothing_can_be_proved_one_line_says_so(
    required: str,
    code: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.setenv("REQUIRE_E2E", required)
    assert main() == code
    assert capsys.readouterr().out == (
        "NOT PROVED: there is no docker and no kind and no kubectl on PATH; "
        "make e2e needs Docker, kind and kubectl\n"
    )


def proved(_: Machine) -> str:
    """Prove something."""
    return "so it is"


def refuted(_: Machine) -> str:
    """Find something else."""
    expect(holds=False, what="it is otherwise")
    return ""


@pytest.mark.parametrize(
    ("second", "code", "said"),
    [
        pytest.param(proved, 0, ["ok  one: so it is (0 s)", "ok  two: so it is (0 s)"], id="ok"),
        pytest.param(
            refuted, 1, ["ok  one: so it is (0 s)", "FAILED  two: it is otherwise"], id="failed"
        ),
    ],
)
def test_each_step_says_what_it_proved_and_the_cluster_goes(
    second: Callable[[Machine], str],
    code: int,
    said: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("tests.e2e.__main__.missing", str)
    monkeypatch.setattr("tests.e2e.__main__.time.monotonic", lambda: 1.0)
    assert main(Recorder(cluster="x"), {"one": proved, "two": second}) == code
    assert capsys.readouterr().out.splitlines() == said
    assert RAN == ["kind delete cluster --name x"]


def test_a_step_that_can_not_be_taken_here_is_told_and_passed_over(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def lacking(_: Machine) -> str:
        raise UnprovedError("set E2E_REPO_URL")

    monkeypatch.setattr("tests.e2e.__main__.missing", str)
    assert main(Recorder(cluster="x"), {"one": lacking, "two": proved}) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first == "NOT PROVED  one: set E2E_REPO_URL"
    assert second.startswith("ok  two: so it is")


def test_argo_cd_needs_a_repository(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(steps.REPOSITORY, raising=False)
    with pytest.raises(UnprovedError) as caught:
        steps.argocd(Recorder(cluster="x"))
    assert str(caught.value) == "set E2E_REPO_URL to a repository that the cluster reaches"
    monkeypatch.setenv(steps.REPOSITORY, "https://git.example.com/x.git")
    assert steps.argocd(Recorder(cluster="x")).startswith("Argo CD is up")
    (command,) = RAN
    assert command.endswith("/argocd --repo-url https://git.example.com/x.git --context kind-x")


def test_a_cluster_can_be_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.e2e.__main__.missing", str)
    monkeypatch.setenv("KEEP", "1")
    assert main(Recorder(cluster="x"), {"one": proved}) == 0
    assert RAN == []


def test_a_command_that_fails_is_shown_with_what_it_said() -> None:
    with pytest.raises(RefutedError) as caught:
        Machine(cluster="x").run("sh", "-c", "echo no; exit 3")
    assert str(caught.value) == "sh -c echo no; exit 3: exit code 3\nno\n"
