"""What a review costs a real server, by classes; and a new connection, beside Go."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import programs, samples
from benchmarks.command import by_turns
from benchmarks.growth.report import Row, Section, row
from benchmarks.growth.reviews import FIRST, SIZES
from benchmarks.measure import Load, Sample
from benchmarks.samples import pod
from benchmarks.scenarios import SCENARIOS, Scenario
from benchmarks.servers import (
    GO,
    PYTHON,
    Arm,
    Cores,
    Server,
    cores,
    guarded,
    running,
    serve,
    started,
    write_certificate,
    write_inputs,
)
from tests.core import many

WARMUP = 0.3
KEPT, FRESH = (
    next(each for each in SCENARIOS if each.name == name) for name in ("closed-16", "fresh-8")
)


def reviews(rounds: int, seconds: float, sizes: tuple[int, ...] = SIZES) -> Section:
    """Measure a server for each size, in turn, 16 connections at a time."""
    chosen = cores()
    with _folder() as folder, guarded(folder) as guardian:
        write_certificate(folder)
        samples.write(folder / "bodies", {"pod": samples.review(0, pod(FIRST, {}))})
        arms = [_arm(folder, size) for size in sizes]
        with started(arms, folder, chosen.server, guardian) as servers:
            load = _load(programs.find(), folder, chosen, seconds)
            found = _rounds(servers, load, KEPT, rounds)
    costs = {name: [each.cpu_us for each in taken] for name, taken in found.items()}
    return Section(
        name="served",
        title="A review of `gpuclass serve`, 16 connections, by the number of classes and pools",
        unit="us of CPU",
        columns=tuple(costs),
        rows=[row("GPU pod of a class", costs)],
        goal="flat",
        note=_others(found),
    )


def connections(rounds: int, seconds: float) -> Section:
    """Measure new connections a second, a review on each, eight at a time."""
    built, chosen = programs.find(), cores()
    with _folder() as folder:
        write_inputs(folder)
        samples.write(folder / "bodies", samples.reviews())
        with running((GO, PYTHON), built, folder, chosen.server) as servers:
            load = _load(built, folder, chosen, seconds)
            found = _rounds(servers, load, FRESH, rounds)
    return Section(
        name="connections",
        title="A new TLS connection for each review, 8 at a time",
        unit="",
        columns=(GO, PYTHON),
        rows=[
            _of(found, "reviews a second", "per_second"),
            _of(found, "CPU of a review, us", "cpu_us"),
        ],
        goal="at least 0.6 of Go's reviews a second",
        note=_others(found),
    )


def _others(found: Mapping[str, Sequence[Sample]]) -> str:
    most = max(each.others for taken in found.values() for each in taken)
    return f"Other programs used up to {most:.0%} of the server's core."


def _of(found: Mapping[str, Sequence[Sample]], title: str, metric: str) -> Row:
    return row(title, {arm: [getattr(s, metric) for s in taken] for arm, taken in found.items()})


def _arm(folder: Path, size: int) -> Arm:
    policies = folder / f"policies-{size}"
    many.write(policies, size)
    return Arm(name=str(size), command=partial(_command, policies, folder))


def _command(policies: Path, folder: Path, bind: str, probes: str) -> list[str]:
    gpuclass = Path(sys.executable).with_name("gpuclass")
    return [str(gpuclass), *serve(policies, folder, bind, probes)]


def _load(built: programs.Programs, folder: Path, chosen: Cores, seconds: float) -> Load:
    return Load(
        program=built.load,
        folder=folder,
        cores=chosen,
        warmup=WARMUP,
        seconds=seconds,
    )


def _rounds(
    servers: Mapping[str, Server], load: Load, scenario: Scenario, rounds: int
) -> dict[str, list[Sample]]:
    arms = {scenario: tuple(servers)}

    def run(arm: str, each: Scenario) -> Sample:
        return load.run(servers[arm], each)

    return by_turns(arms, rounds, lambda: nullcontext(run))[scenario]


@contextmanager
def _folder() -> Iterator[Path]:
    with TemporaryDirectory(prefix="gpuclass-bench-", ignore_cleanup_errors=True) as name:
        yield Path(name)
