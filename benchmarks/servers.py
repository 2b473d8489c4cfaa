"""The servers that are compared: started on one core, watched, and ended for certain."""

import os
import socket
import ssl
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from benchmarks import plans
from benchmarks.errors import BenchmarkError
from benchmarks.programs import Programs
from tests.cluster.guardian import Guardian
from tests.cluster.process import Component, ComponentFailed, free_ports
from webhook.control.certificates import make_ca, make_leaf
from webhook.core.policy.policy import compile_policy
from webhook.watch.files import load

POLICIES = Path(__file__).parents[1] / "policies"
HOST = "127.0.0.1"
OWN_NAMES = ("localhost", HOST)
"""What a certificate is for where nobody says else."""
START_SECONDS = 30

PYTHON, GO, LEAN = "gpuclass", "Go", "Go, lean"
"""The arms: gpuclass, Go with the types of k8s.io/api, Go with structs as small as ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A server that answers; `pid` is the root of its processes."""

    name: str
    pid: int
    port: int

    @property
    def address(self) -> str:
        """Give its host and port."""
        return f"{HOST}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """A server to be started: its command, made of where it listens and where its probes do."""

    name: str
    command: Callable[[str, str], Sequence[str]]
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cores:
    """The core of the servers and the core of the load."""

    server: int
    load: int


def cores() -> Cores:
    """Choose two of the cores that this process may use."""
    usable = sorted(os.sched_getaffinity(0))
    if len(usable) < 2:  # noqa: PLR2004 - the server's and the load's
        raise BenchmarkError("two cores are needed, one for the server and one for the load")
    return Cores(server=usable[0], load=usable[1])


@contextmanager
def pinned(core: int) -> Iterator[None]:
    """Have what is started within run on one core."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def write_inputs(folder: Path, names: Sequence[str] = OWN_NAMES) -> None:
    """Write the certificate and the policy that all servers use."""
    write_certificate(folder, names)
    documents, _ = load(POLICIES)
    (folder / "policy.json").write_bytes(plans.export(compile_policy(documents)))


def write_certificate(folder: Path, names: Sequence[str] = OWN_NAMES) -> None:
    """Write a CA and a serving pair of it (ECDSA P-256)."""
    now = datetime.now(UTC)
    authority = make_ca(now)
    leaf = make_leaf(authority, names, now)
    (folder / "ca.crt").write_bytes(authority.certificate_pem())
    (folder / "tls.crt").write_bytes(leaf.certificate_pem())
    key = folder / "tls.key"
    key.touch(mode=0o600)
    key.write_bytes(leaf.key_pem())


@contextmanager
def guarded(folder: Path) -> Iterator[Guardian]:
    """Have a guardian, which ends what it watches and removes the folder, however this ends."""
    guardian = Guardian(folder)
    try:
        yield guardian
    finally:
        guardian.close()


@contextmanager
def running(
    names: Sequence[str], programs: Programs, folder: Path, core: int
) -> Iterator[Mapping[str, Server]]:
    """Run servers on one core until the end of the block, or of this process."""
    arms = named(names, programs, folder)
    with guarded(folder) as guardian, started(arms, folder, core, guardian) as servers:
        yield servers


def named(names: Iterable[str], programs: Programs, folder: Path) -> list[Arm]:
    """Give the arms by their names, to be started with what is in a folder."""
    return [Arm(name=name, command=partial(_command, name, programs, folder)) for name in names]


@contextmanager
def started(
    arms: Iterable[Arm], folder: Path, core: int, guardian: Guardian
) -> Iterator[Mapping[str, Server]]:
    """Start servers one by one, each when the one before answers; end them with the block.

    The folder has their certificate and takes their logs.
    """
    with ExitStack() as stack:
        found: dict[str, Server] = {}
        for arm in arms:
            port, probes = free_ports(2)
            component = Component(arm.name, folder / f"{arm.name}.log", arm.environment)
            stack.callback(component.stop, guardian)
            with pinned(core):
                component.start(arm.command(f"{HOST}:{port}", f"{HOST}:{probes}"), guardian)
            try:
                component.wait_ready(partial(_answers, port, folder / "ca.crt"), START_SECONDS)
            except ComponentFailed as error:
                first, *_, last = str(error).splitlines()
                raise BenchmarkError(f"{first} {last.strip()}") from error
            found[arm.name] = Server(name=arm.name, pid=component.pid or 0, port=port)
        yield found


def serve(policies: Path, certificates: Path, bind: str, probes: str) -> list[str]:
    """Give the arguments by which gpuclass serves policies of files."""
    return [
        "serve",
        *("--policies", str(policies)),
        *("--certs", str(certificates)),
        *("--bind", bind),
        *("--metrics-bind", probes),
    ]


def _command(name: str, programs: Programs, folder: Path, bind: str, probes: str) -> list[str]:
    if name == PYTHON:
        gpuclass = Path(sys.executable).with_name("gpuclass")
        return [str(gpuclass), *serve(POLICIES, folder, bind, probes)]
    command = [str(programs.server), "-bind", bind, "-policy", str(folder / "policy.json")]
    command += ["-cert", str(folder / "tls.crt"), "-key", str(folder / "tls.key")]
    return [*command, "-lean"] if name == LEAN else command


def _answers(port: int, authority: Path) -> bool:
    """Tell whether a TLS handshake succeeds."""
    context = ssl.create_default_context(cafile=str(authority))
    try:
        with (
            socket.create_connection((HOST, port), timeout=1) as raw,
            context.wrap_socket(raw, server_hostname="localhost"),
        ):
            return True
    except OSError:
        return False
