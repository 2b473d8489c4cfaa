"""Fixtures for tests of commands."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli import livecluster
from tests.cli.reviewing import Review
from tests.control.apiserver import HttpApi


@pytest.fixture
def review(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Review:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")
    return Review(capsys)


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HttpApi]:
    """Give a cluster of two nodes with the shipped documents, to which KUBECONFIG leads."""
    with HttpApi() as api:
        livecluster.fill(api)
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("NO_COLOR", "1")
        monkeypatch.delenv("GPUCLASS_KUBECONFIG", raising=False)
        monkeypatch.setenv("KUBECONFIG", str(api.kubeconfig(tmp_path)))
        yield api
