"""How long a policy takes from its documents to being in force, by the number of classes."""

from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.growth.report import Section, row
from benchmarks.growth.reviews import SIZES
from benchmarks.growth.timing import Call, measure
from tests.core import many
from webhook.core import registration
from webhook.core.policy.policy import compile_policy
from webhook.watch import files


def section(rounds: int, sizes: tuple[int, ...] = SIZES) -> Section:
    """Measure each step of the way."""
    with TemporaryDirectory() as folder:
        calls = {str(size): _steps(Path(folder) / str(size), size) for size in sizes}
        names = next(iter(calls.values()))
        rows = [
            row(name, _milliseconds({size: each[name] for size, each in calls.items()}, rounds))
            for name in names
        ]
    return Section(
        name="compilation",
        title="A policy, by the number of its classes and pools",
        unit="ms of CPU",
        columns=tuple(calls),
        rows=rows,
        goal="an edit is in force within seconds",
    )


def _steps(folder: Path, size: int) -> dict[str, Call]:
    many.write(folder, size)
    documents = many.documents(size)
    policy = compile_policy(documents)
    read = files.Folder(folder)
    read.load()
    return {
        "all read from files, as at a start": partial(files.load, folder),
        "read from files again, at each edit": read.load,
        "all read from the API server, as at a start": partial(many.documents, size),
        "checked and compiled, at each edit": partial(compile_policy, documents),
        "registration, by the controller at each edit": partial(registration.render, policy),
    }


def _milliseconds(calls: dict[str, Call], rounds: int) -> dict[str, list[float]]:
    measured = measure(calls, rounds)
    return {size: [each * 1e3 for each in spent] for size, spent in measured.items()}
