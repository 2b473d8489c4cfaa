"""What servers of trees are measured with: certificate, reviews, policies, cores, load."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks import programs, samples
from benchmarks.compare.trees import Tree
from benchmarks.measure import Load
from benchmarks.servers import Arm, Cores, Server, cores, serve, started, write_certificate
from tests.cluster.guardian import Guardian

ENTRY = "import sys; from webhook.cli.main import main; sys.exit(main())"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What every tree is measured with; `folder` has the certificate and takes the logs."""

    cores: Cores
    reviews: Mapping[str, bytes]
    policies: Path
    folder: Path

    @property
    def bodies(self) -> Path:
        """Give the folder of the reviews, as the load generator reads them."""
        return self.folder / "bodies"

    def load(self, warmup: float, seconds: float) -> Load:
        """Give the load generator, which is built where it is not yet."""
        return Load(
            program=programs.find().load,
            folder=self.folder,
            cores=self.cores,
            warmup=warmup,
            seconds=seconds,
        )


def prepare(folder: Path, policies: Path) -> Bench:
    """Write certificate and reviews into a folder."""
    bench = Bench(cores=cores(), reviews=samples.reviews(), policies=policies, folder=folder)
    write_certificate(folder)
    samples.write(bench.bodies, bench.reviews)
    return bench


@contextmanager
def serving(
    trees: Iterable[Tree], bench: Bench, guardian: Guardian
) -> Iterator[Mapping[str, Server]]:
    """Run the server of each tree."""
    arms = [
        Arm(name=tree.name, command=partial(_command, tree, bench), environment=tree.environment)
        for tree in trees
    ]
    with started(arms, bench.folder, bench.cores.server, guardian) as servers:
        yield servers


def _command(tree: Tree, bench: Bench, bind: str, probes: str) -> list[str]:
    return tree.command("-c", ENTRY, *serve(bench.policies, bench.folder, bind, probes))
