"""A fresh bench for each test."""

from pathlib import Path

import pytest

from tests.deploy.bootstrap.bench import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)
