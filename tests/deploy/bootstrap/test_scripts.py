"""What holds for all scripts: strict mode, versions in one place, linters that see them all."""

import re
import subprocess

import pytest

from tests.deploy.bootstrap.bench import BOOTSTRAP, ROOT

PROGRAMS = sorted(path for path in BOOTSTRAP.iterdir() if path.is_file() and not path.suffix)


def test_these_are_the_programs() -> None:
    assert [path.name for path in PROGRAMS] == ["argocd", "cluster", "gpu-node", "verify"]


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.name)
def test_every_program_is_executable_and_strict(path: object) -> None:
    text = (BOOTSTRAP / str(path)).read_text(encoding="utf-8")
    assert text.startswith("#!/usr/bin/env bash\n")
    assert 'source "$(dirname -- "${BASH_SOURCE[0]}")/lib/run.sh"' in text


def test_versions_stand_in_one_place() -> None:
    pinned = re.compile(r"v[0-9]+\.[0-9]+\.[0-9]+|sha256:|[0-9a-f]{64}")
    others = [path for path in BOOTSTRAP.rglob("*") if path.is_file() and path.suffix != ".env"]
    assert not [path for path in others if pinned.search(path.read_text(encoding="utf-8"))]


def test_the_check_sees_every_script() -> None:
    command = ["make", "--no-print-directory", "--dry-run", "check"]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    lint, form = (
        next(line for line in answer.stdout.splitlines() if f"/{tool} " in line)
        for tool in ("shellcheck", "shfmt")
    )
    for path in [*PROGRAMS, *BOOTSTRAP.glob("lib/*.sh"), ROOT / ".ci" / "run"]:
        name = str(path.relative_to(ROOT))
        assert name in lint.split()
        assert name in form.split()
