"""A short search, the same each time, and what long ones (`make fuzz`) once found."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz import search
from tests.fuzz.search import keep, replay, rounds, shrink
from tests.fuzz.targets import TARGETS, Target

ROUNDS = 400


@pytest.mark.parametrize("target", TARGETS, ids=lambda each: each.name)
def test_real_inputs_and_what_was_found_break_no_promise(target: Target) -> None:
    replay(target)


@pytest.mark.parametrize("target", TARGETS, ids=lambda each: each.name)
def test_spoilt_inputs_break_no_promise(target: Target) -> None:
    found = rounds(target, 1, ROUNDS)
    assert found is None, shrink(target, found)


def _refuse_a_colon(content: bytes) -> None:
    assert b":" not in content


def test_what_breaks_a_promise_is_found_made_small_and_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "CORPUS", tmp_path)
    target = Target(name="t", inputs=lambda: (b"no colon here",), run=_refuse_a_colon)
    found = rounds(target, 1, ROUNDS)
    assert found is not None
    path = keep(target, shrink(target, found))
    assert path.read_bytes() == b":"
    with pytest.raises(AssertionError):
        replay(target)


def test_what_is_fuzzed_needs_no_package_of_the_tests() -> None:
    """The environment of `make fuzz-guided` has none of them."""
    missing = "import sys; sys.modules.update(dict.fromkeys(('pytest', 'hypothesis')))"
    command = [sys.executable, "-c", f"{missing}; import tests.fuzz.targets"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
