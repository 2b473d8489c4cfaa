"""Where Prometheus and promtool come from: PATH, the user's cache, else Debian's package.

`make prometheus` (or `python -m tests.deploy.prometheus`) builds the release that is named here
from its Go module, which takes minutes. Where it was not built, tests take what PATH has, and else
fetch what Debian has (20 MB and a few seconds, once; no root).
`prometheus_server` runs one.
"""

import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.cluster import binaries
from tests.cluster.gobuild import BinariesUnavailable, Program, Progress
from tests.deploy import built, debian
from tests.deploy.built import MODULES, Tool

VERSION = "3.15.1"
"""Of the Go module, whose own number of it is v0.315.1."""


def _tool(name: str, minutes: int) -> Tool:
    program = Program(
        name=name,
        module=MODULES / "prometheus",
        package=f"github.com/prometheus/prometheus/cmd/{name}",
        ldflags=f"-s -w -X github.com/prometheus/common/version.Version={VERSION}",
        minutes=minutes,
    )
    return Tool(program=program, version=VERSION)


PROMETHEUS, PROMTOOL = TOOLS = (_tool("prometheus", 8), _tool("promtool", 3))

PACKAGE = "prometheus"
"""Debian's, which has both programs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prometheus:
    """Absolute paths of the programs, both of one release; each exists."""

    prometheus: Path
    promtool: Path


def find(progress: Progress) -> Prometheus:
    """Find both programs or fetch Debian's; raise BinariesUnavailable with what was tried."""
    debian = _cache() / "prometheus-debian"
    found = _built() or _on_path() or _in(debian / "usr" / "bin")
    if found is None:
        progress("fetching Debian's package of Prometheus (20 MB, once) ...")
        _fetch(debian)
        found = _in(debian / "usr" / "bin")
    if found is None:
        raise BinariesUnavailable(_unavailable("its package has other programs"))
    return found


def _cache() -> Path:
    return binaries.cache_folder().parent


def _built() -> Prometheus | None:
    prometheus, promtool = PROMETHEUS.find(), PROMTOOL.find()
    return Prometheus(prometheus=prometheus, promtool=promtool) if prometheus and promtool else None


def _in(folder: Path) -> Prometheus | None:
    prometheus, promtool = (folder / tool.program.name for tool in TOOLS)
    whole = prometheus.is_file() and promtool.is_file()
    return Prometheus(prometheus=prometheus, promtool=promtool) if whole else None


def _on_path() -> Prometheus | None:
    installed = shutil.which(PROMETHEUS.program.name)
    return _in(Path(installed).parent) if installed else None


def _fetch(target: Path) -> None:
    """Unpack Debian's package into `target`, whole or not at all; nothing is installed."""
    _cache().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=_cache(), suffix=".partial") as name:
        folder = Path(name)
        try:
            debian.unpack(debian.fetch(folder, PACKAGE), folder / "unpacked")
        except BinariesUnavailable as error:
            raise BinariesUnavailable(_unavailable(str(error))) from error
        if not target.exists():
            (folder / "unpacked").rename(target)


def _unavailable(reason: str) -> str:
    return (
        f"neither prometheus nor promtool is on PATH, and Debian's could not be had ({reason}). "
        "Install Prometheus 2.42 or newer, or build it: make prometheus"
    )


if __name__ == "__main__":
    sys.exit(max(built.main(tool.build) for tool in TOOLS))
