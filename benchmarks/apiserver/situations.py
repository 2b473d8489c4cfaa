"""What is measured: which pods, from how many clients, in front of whom."""

from dataclasses import dataclass

from benchmarks.apiserver import pods

NOTHING, GPUCLASS, TWICE = "no webhook", "gpuclass", "gpuclass, both calls"
GO, NATIVE = "Go, mutates only", "native policy"
ARMS = (NOTHING, GPUCLASS, GO, TWICE, NATIVE)
REFUSING = (GPUCLASS, GO, TWICE)
"""Those that refuse a pod; a native policy that refuses is another kind, and is not measured."""

CREATED, FORBIDDEN = 201, 403


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """Some clients that each create the next pod as soon as the last one was answered."""

    name: str
    title: str
    clients: int
    bodies: str = pods.GPU
    arms: tuple[str, ...] = ARMS
    is_kept: bool = False
    status: int = CREATED

    @property
    def query(self) -> str:
        """Give the query of a create."""
        return "" if self.is_kept else "?dryRun=All"


SITUATIONS = (
    Situation(name="dry-1", title="GPU pod, dry run, 1 client", clients=1),
    Situation(name="dry-16", title="GPU pod, dry run, 16 clients", clients=16),
    Situation(name="dry-64", title="GPU pod, dry run, 64 clients", clients=64),
    Situation(name="cpu-1", title="CPU pod, dry run, 1 client", clients=1, bodies=pods.CPU),
    Situation(name="real-1", title="GPU pod, 1 client", clients=1, is_kept=True),
    Situation(name="real-16", title="GPU pod, 16 clients", clients=16, is_kept=True),
    Situation(
        name="refused-1",
        title="GPU pod refused, 1 client",
        clients=1,
        bodies=pods.REFUSED,
        arms=REFUSING,
        status=FORBIDDEN,
    ),
)
