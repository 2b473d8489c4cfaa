"""Tests that could not prove anything say so, in a pytest of their own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
UNPROVED = "NOT PROVED: control-plane tests were skipped: "
ONE = f"{TESTS / 'test_controlplane.py'}::test_before_and_after_nothing_can_be_asked"


def run_pytest(*flags: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run one cluster test where there are no programs to be had."""
    ours = {"KUBEBUILDER_ASSETS": "/nonexistent", "PYTEST_ADDOPTS": ""}
    environ = {**os.environ, **ours, **variables}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *flags, ONE],
        cwd=TESTS.parents[1],
        env=environ,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.mark.parametrize(
    ("workers", "required", "code", "expected"),
    [
        pytest.param("0", "0", 0, UNPROVED, id="skipped"),
        pytest.param("0", "1", 1, "REQUIRE_CONTROL_PLANE=1, but ", id="failed"),
        pytest.param("1", "0", 0, UNPROVED, id="skipped by a worker"),
    ],
)
def test_a_missing_control_plane_is_told(
    workers: str, required: str, code: int, expected: str
) -> None:
    answer = run_pytest("--numprocesses", workers, REQUIRE_CONTROL_PLANE=required)
    assert answer.returncode == code
    assert f"{expected}KUBEBUILDER_ASSETS names /nonexistent, which is no folder" in answer.stdout


def test_what_was_not_proved_is_said_last() -> None:
    last = run_pytest("--quiet", REQUIRE_CONTROL_PLANE="0").stdout.splitlines()[-2]
    assert last.startswith(UNPROVED)
