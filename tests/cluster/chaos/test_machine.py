"""What is told of a machine."""

import platform
from pathlib import Path

import pytest

from tests.cluster.chaos import machine
from tests.cluster.chaos.machine import Watched


def test_the_processor_is_told_by_its_model(tmp_path: Path) -> None:
    file = tmp_path / "cpuinfo"
    file.write_text("processor\t: 0\nmodel name\t: Fast One\n\nprocessor\t: 1\n", encoding="utf-8")
    assert machine.processor(file) == "Fast One"


def test_a_kernel_that_names_no_model_has_an_architecture(tmp_path: Path) -> None:
    assert machine.processor(tmp_path / "none") == platform.machine()


def test_a_kernel_is_told_without_who_built_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "release", lambda: "6.1.2-somebody-s")
    assert machine.describe().endswith(f" processors, {platform.system()} 6.1.2")


def test_even_a_moment_has_a_load() -> None:
    with Watched() as seen:
        pass
    least, most = seen.load
    assert 0 <= least <= most
