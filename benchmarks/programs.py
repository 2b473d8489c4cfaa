"""The two Go programs, built once into the user's cache by a hash of their source."""

import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.command import say
from benchmarks.errors import BenchmarkError
from tests.cluster import gobuild

MODULE = Path(__file__).parent / "go"
NAMES = ("server", "load")
HASH_LENGTH = 16
SOURCES = ("*.go", "go.mod", "go.sum")


@dataclass(frozen=True, slots=True, kw_only=True)
class Programs:
    """Paths of the Go webhook and of the load generator."""

    server: Path
    load: Path


def find(environ: Mapping[str, str] = os.environ) -> Programs:
    """Give both programs, and build those that the cache has not; raise BenchmarkError."""
    root = cache_folder(environ)
    folder = root / f"{digest(MODULE)}-go{'.'.join(map(str, gobuild.MINIMUM_GO))}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in NAMES:
            _build(name, folder, environ)
    except OSError as error:
        raise BenchmarkError(f"{folder}: can not be written: {error.strerror}") from error
    except gobuild.BinariesUnavailable as error:
        what = "; ".join(str(error).splitlines()[:2])
        raise BenchmarkError(f"the Go side can not be built: {what}") from error
    return Programs(server=folder / "server", load=folder / "load")


def go_version(program: Path) -> str:
    """Read from a program which Go built it: `1.26.8`; runtime/debug keeps it in the binary."""
    found = re.search(rb"\bgo(1\.\d+(?:\.\d+)?)\b", program.read_bytes())
    return found[1].decode() if found else "unknown"


def cache_folder(environ: Mapping[str, str]) -> Path:
    """Give the folder of these programs in the user's cache, which may not exist yet."""
    home = Path(environ.get("HOME") or "~").expanduser()
    return Path(environ.get("XDG_CACHE_HOME") or home / ".cache") / "gpuclass" / "benchmarks"


def digest(module: Path) -> str:
    """Give a hash of the names and contents of a module's sources."""
    files = sorted(path for pattern in SOURCES for path in module.rglob(pattern))
    found = hashlib.sha256()
    for path in files:
        content = path.read_bytes()
        found.update(f"{path.relative_to(module)} {len(content)}\n".encode() + content)
    return found.hexdigest()[:HASH_LENGTH]


def _build(name: str, folder: Path, environ: Mapping[str, str]) -> None:
    if (folder / name).is_file():
        return
    # The toolchain that the control plane's build fetched, where there is none, serves here too.
    toolchains = cache_folder(environ).parent / "control-plane" / "toolchain"
    go = gobuild.toolchain(toolchains, say, environ)
    say(f"building the Go {name} ...")
    program = gobuild.Program(
        name=f"the Go {name}", module=MODULE, package=f"./cmd/{name}", ldflags="-s -w", minutes=1
    )
    gobuild.build(go, program, folder / name, environ)
