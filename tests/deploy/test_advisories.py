"""Advisories: of an export, of an index, and of nobody."""

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.deploy import advisories
from tests.deploy.advisories import CLEAN, FOUND, UNASKED, main
from tests.deploy.locks import RUNTIME, locked

MSGSPEC = locked(RUNTIME)["msgspec"][0]


def advisory(package: str, **affected: object) -> dict[str, Any]:
    found = {"package": {"ecosystem": "PyPI", "name": package}, **affected}
    return {"id": "PYSEC-1", "summary": f"bad {package}", "affected": [found]}


CANARY = advisory("PyYAML", versions=["5.3"])


def between(*events: tuple[str, str]) -> list[dict[str, Any]]:
    return [{"type": "ECOSYSTEM", "events": [dict([each]) for each in events]}]


def export(folder: Path, *entries: dict[str, Any]) -> Path:
    path = folder / "all.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number, each in enumerate(entries):
            archive.writestr(f"{number}.json", json.dumps(each))
    return path


@pytest.mark.parametrize(
    ("affected", "is_told"),
    [
        pytest.param({"versions": [MSGSPEC]}, True, id="listed"),
        pytest.param({"versions": ["0.0.1"]}, False, id="another version"),
        pytest.param({"ranges": between(("introduced", "0"))}, True, id="never mended"),
        pytest.param(
            {"ranges": between(("introduced", "0"), ("fixed", "9999"))}, True, id="mended later"
        ),
        pytest.param(
            {"ranges": between(("introduced", "0"), ("fixed", MSGSPEC))}, False, id="mended in it"
        ),
        pytest.param(
            {"ranges": between(("fixed", "0.1"), ("introduced", "0"))}, False, id="mended before"
        ),
        pytest.param(
            {"ranges": between(("introduced", "0"), ("last_affected", MSGSPEC))}, True, id="last"
        ),
        pytest.param(
            {"ranges": between(("introduced", "0"), ("last_affected", "0.1"))}, False, id="over"
        ),
        pytest.param({"ranges": between(("introduced", "9999"))}, False, id="not yet"),
    ],
)
def test_an_export_tells_of_the_version_that_is_locked(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    affected: dict[str, object],
    *,
    is_told: bool,
) -> None:
    path = export(tmp_path, CANARY, advisory("msgspec", **affected))
    assert main(["--osv", str(path)]) == (FOUND if is_told else CLEAN)
    told = f"msgspec {MSGSPEC}: PYSEC-1: bad msgspec\n" if is_told else ""
    count = f"{len(locked(RUNTIME))} packages: {int(is_told)} advisories\n"
    assert capsys.readouterr().out == told + count


def test_what_was_withdrawn_or_is_of_other_packages_is_not_told(tmp_path: Path) -> None:
    withdrawn = {**advisory("msgspec", versions=[MSGSPEC]), "withdrawn": "2026-01-01T00:00:00Z"}
    other = advisory("msgspec", versions=[MSGSPEC])
    other["affected"][0]["package"]["ecosystem"] = "npm"
    assert main(["--osv", str(export(tmp_path, CANARY, withdrawn, other))]) == CLEAN


UNKNOWN = "who was asked knows nothing even of pyyaml 5.3: no advisories there\n"


def test_an_export_without_what_everybody_knows_was_not_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--osv", str(export(tmp_path))]) == UNASKED
    assert capsys.readouterr().err == f"nothing was asked, so nothing is known: {UNKNOWN}"


def test_what_is_no_export_was_not_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--osv", str(tmp_path / "none.zip")]) == UNASKED
    assert f"{tmp_path}/none.zip: no export of OSV: " in capsys.readouterr().err


def index(folder: Path, says: str) -> Path:
    """Give a stand-in for pip-audit: a line of shell; $file is that of the requirements."""
    path = folder / "pip-audit"
    path.write_text(f"#!/bin/sh\nfor file; do :; done\n{says}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


NOBODY = '{"dependencies": []}'
KNOWN = (
    '{"dependencies": [{"name": "pyyaml", "version": "5.3", "vulns": [{"id": "PYSEC-2021-142"}]}]}'
)


@pytest.mark.parametrize(
    ("says", "code", "told"),
    [
        pytest.param(
            f"""grep -q pyyaml==5.3 "$file" && echo '{KNOWN}' || echo '{NOBODY}'""",
            CLEAN,
            f"{len(locked(RUNTIME))} packages: 0 advisories\n",
            id="nothing is known",
        ),
        pytest.param(
            f"echo '{KNOWN}'; exit 1",
            FOUND,
            "pyyaml 5.3: PYSEC-2021-142: no summary\n"
            f"{len(locked(RUNTIME))} packages: 1 advisories\n",
            id="something is",
        ),
        pytest.param(
            f"echo '{NOBODY}'",
            UNASKED,
            f"nothing was asked, so nothing is known: {UNKNOWN}",
            id="an index without advisories",
        ),
        pytest.param(
            "echo 'ERROR: not found on PyPI' >&2; exit 1",
            UNASKED,
            "nothing was asked, so nothing is known: ERROR: not found on PyPI\n",
            id="an index that does not answer",
        ),
        pytest.param(
            "exit 1",
            UNASKED,
            "nothing was asked, so nothing is known: pip-audit said nothing\n",
            id="no word",
        ),
    ],
)
def test_an_index_is_asked_first_about_what_everybody_knows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], says: str, code: int, told: str
) -> None:
    assert main([], index(tmp_path, says)) == code
    written = capsys.readouterr()
    assert written.out + written.err == told


def test_the_canary_is_no_version_that_we_have() -> None:
    name, version = advisories.CANARY
    assert locked(RUNTIME)[name][0] != version
