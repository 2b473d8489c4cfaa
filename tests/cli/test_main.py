"""The command as a whole: help, versions, errors, signals."""

import subprocess
import sys

import pytest

import webhook
from tests.cli.shipped import POLICIES
from webhook.cli import main as entry
from webhook.cli.commands import COMMANDS
from webhook.cli.main import main
from webhook.core.errors import OperatorError

HEAVY = ("flask", "gunicorn", "uvicorn", "cryptography", "msgspec", "yaml")


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match=r"^0$"):
        main(["--version"])
    assert capsys.readouterr().out == f"gpuclass {webhook.__version__}\n"


def test_the_version_is_a_command_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["version"]) == 0
    assert capsys.readouterr().out == f"gpuclass {webhook.__version__}\n"


def test_lint_is_run_on_a_folder(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lint", str(POLICIES)]) == 0
    assert capsys.readouterr().out.startswith(f"{POLICIES}: 4 pools, 4 classes")


def test_starting_imports_nothing_that_a_sub_command_needs() -> None:
    code = (
        "import sys; from webhook.cli.main import main\n"
        "try: main(['--version'])\nexcept SystemExit: pass\n"
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, text=True
    )  # our own words
    assert done.stdout.splitlines()[-1] == "[]"


def test_an_unknown_command_is_answered_with_the_nearest(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit, match=r"^2$"):
        main(["reveiw", "x"])
    error = capsys.readouterr().err
    assert error.startswith("gpuclass: no command reveiw; known: ")
    assert error.endswith("did you mean review?; gpuclass --help says more\n")


def test_a_missing_argument_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match=r"^2$"):
        main(["review"])
    assert capsys.readouterr().err == (
        "gpuclass review: the following arguments are required: FILE|DIR|-; "
        "gpuclass review --help says more\n"
    )


def test_no_command_at_all_shows_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "gpuclass review deployment.yaml" in capsys.readouterr().out


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_each_command_has_an_example(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match=r"^0$"):
        main([command, "--help"])
    assert f"gpuclass {command}" in capsys.readouterr().out.partition("examples:")[2]


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (OperatorError("the port is taken"), 2, "the port is taken\n"),
        (KeyboardInterrupt(), 130, ""),
    ],
)
def test_errors_are_exit_codes_and_never_tracebacks(
    error: BaseException,
    code: int,
    text: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(_: list[str]) -> int:
        raise error

    monkeypatch.setattr(entry, "_run", fail)
    assert main([]) == code
    assert capsys.readouterr() == ("", text)


def test_a_reader_that_goes_away_is_no_error() -> None:
    code = (
        "import os, sys\nfrom webhook.cli import main\n"
        "r, w = os.pipe(); os.close(r); os.dup2(w, 1)\n"
        "def run(_): print('x' * 100000); return 0\n"
        "main._run = run\nsys.exit(main.main([]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=False
    )  # our own words
    assert (done.returncode, done.stderr) == (141, b"")
