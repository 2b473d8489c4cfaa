"""Fixtures for tests of commands."""

from pathlib import Path

import pytest

from tests.cli.reviewing import Review


@pytest.fixture
def review(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Review:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")
    return Review(capsys)
