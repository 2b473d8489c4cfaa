"""What only a real API server shows: the start of a replica that watches one, and its memory."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import memory
from benchmarks.command import say
from benchmarks.growth.report import Row, Section, row
from benchmarks.growth.starts import GOAL_SECONDS, late, starts
from benchmarks.servers import POLICIES, write_certificate
from tests.cluster.binaries import find
from tests.cluster.controlplane import ControlPlane
from tests.cluster.replicas import GROUPS, USER, prepare
from tests.cluster.shipped import apply_policies
from tests.core import many

SMALL, LARGE = "as shipped, few nodes", "1,000 classes, 5,000 nodes"


def sections(count: int) -> Iterator[Section]:
    """Start replicas beside few objects and beside many; weigh them between."""
    with TemporaryDirectory() as name, ControlPlane(find(say)) as plane:
        folder = Path(name)
        prepare(plane)
        apply_policies(plane)
        watching = ["--kubeconfig", str(plane.kubeconfig_for(USER, GROUPS))]
        few = _starts(folder / "few", watching, SMALL, count)
        held = memory.measure(plane, folder)
        lots = _starts(folder / "many", watching, LARGE, count)
        files = _from_files(folder, count)
    yield _section_of_starts([files, _both("policies from the API server", few, lots)])
    yield _section_of_memory(held)


def _starts(folder: Path, flags: list[str], column: str, count: int) -> Row:
    folder.mkdir()
    write_certificate(folder)
    return starts("", folder, {column: flags}, count)


def _from_files(folder: Path, count: int) -> Row:
    policies, certificates = folder / "policies", folder / "certificates"
    many.write(policies, memory.CLASSES)
    certificates.mkdir()
    write_certificate(certificates)
    sources = {
        column: ["--policies", str(path)] for column, path in ((SMALL, POLICIES), (LARGE, policies))
    }
    return starts("policies from files", certificates, sources, count)


def _both(name: str, one: Row, other: Row) -> Row:
    return Row(name=name, figures={**one.figures, **other.figures}, ratios={})


def _section_of_starts(rows: list[Row]) -> Section:
    return Section(
        name="starts",
        title="From the start of `gpuclass serve` to /readyz",
        unit="seconds",
        columns=(SMALL, LARGE),
        rows=rows,
        goal=f"under {GOAL_SECONDS:g} s",
        broken=late(rows),
    )


def _section_of_memory(held: dict[str, float]) -> Section:
    return Section(
        name="memory",
        title=f"Memory of a replica, both processes: {memory.NODES:,} nodes, "
        f"{memory.NAMESPACES:,} namespaces, {memory.CLASSES:,} classes and pools",
        unit="MiB",
        columns=tuple(held),
        rows=[row("held", {column: [value] for column, value in held.items()})],
        goal=", ".join(f"{name} at most {most:g}" for name, most in memory.LIMITS.items()),
        broken=memory.broken(held),
    )
