"""Where the five programs of the control plane come from, and kubeadm, and in which version.

In this order: the folder that `KUBEBUILDER_ASSETS` names (envtest's convention), the user's cache,
a build from the Go modules beside this file. It starts none of them.
"""

import fcntl
import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TextIO

from tests.cluster import gobuild
from tests.cluster.gobuild import BinariesUnavailable, Program, Progress

KUBERNETES_VERSION = "1.37.2"
ETCD_VERSION = "3.7.3"

ASSETS_VARIABLE = "KUBEBUILDER_ASSETS"

MODULES = Path(__file__).parent / "go"


@dataclass(frozen=True, slots=True, kw_only=True)
class Binaries:
    """Absolute paths of the programs; each exists and may be executed."""

    etcd: Path
    kube_apiserver: Path
    kube_controller_manager: Path
    kube_scheduler: Path
    kubectl: Path


def _version_flags() -> str:
    """Give the linker flags without which clients take the server for v0.0.0."""
    major, minor, _ = KUBERNETES_VERSION.split(".")
    package = "k8s.io/component-base/version"
    values = {"gitVersion": f"v{KUBERNETES_VERSION}", "gitMajor": major, "gitMinor": minor}
    return " ".join(["-s -w", *(f"-X {package}.{key}={value}" for key, value in values.items())])


def _kubernetes(name: str, minutes: int) -> Program:
    """Describe one program of the kubernetes repository."""
    return Program(
        name=name,
        module=MODULES / "kubernetes",
        package=f"k8s.io/kubernetes/cmd/{name}",
        ldflags=_version_flags(),
        minutes=minutes,
    )


PROGRAMS = (
    Program(
        name="etcd",
        module=MODULES / "etcd",
        package="go.etcd.io/etcd/server/v3",
        ldflags="-s -w",
        minutes=1,
    ),
    _kubernetes("kube-apiserver", 5),
    _kubernetes("kube-controller-manager", 2),
    _kubernetes("kube-scheduler", 1),
    _kubernetes("kubectl", 1),
)
"""What is built, in this order; `minutes` is what a cold build took on two cores."""

KUBEADM = _kubernetes("kubeadm", 2)
"""Checks what nodes join with; built for the first test that asks, beside the five."""


def cache_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Give the folder of this pair of versions in the user's cache, which may not exist yet."""
    home = Path(environ.get("HOME") or "~").expanduser()
    root = Path(environ.get("XDG_CACHE_HOME") or home / ".cache")
    return root / "gpuclass" / "control-plane" / f"{KUBERNETES_VERSION}-etcd-{ETCD_VERSION}"


def find(progress: Progress, environ: Mapping[str, str] = os.environ) -> Binaries:
    """Find every program, and build those that are nowhere.

    The first build takes about ten minutes on two cores; `progress` gets a line before and after
    each program. Raises BinariesUnavailable with what was tried and what to do.
    """
    assets, cache = _assets(environ), cache_folder(environ)
    places = _find(PROGRAMS, (*assets, cache), progress, environ)
    return Binaries(**{name.replace("-", "_"): path for name, path in places.items()})


def find_kubeadm(progress: Progress, environ: Mapping[str, str] = os.environ) -> Path:
    """Find kubeadm, or build it: half a minute after the five, two minutes alone."""
    folders = (*_assets(environ), cache_folder(environ))
    return _find((KUBEADM,), folders, progress, environ)[KUBEADM.name]


def _find(
    programs: tuple[Program, ...],
    folders: tuple[Path, ...],
    progress: Progress,
    environ: Mapping[str, str],
) -> dict[str, Path]:
    """Give where each program is; what no folder has is built into the last one, the cache."""
    cache = folders[-1]
    if _missing(programs, folders):
        with _locked(cache, progress):
            _build_all(_missing(programs, folders), cache, progress, environ)
    places = {program.name: _place(program, folders) for program in programs}
    return {name: path for name, path in places.items() if path}


def _assets(environ: Mapping[str, str]) -> tuple[Path, ...]:
    """Give the folder that the user names; one that does not exist is a mistake to report."""
    named = environ.get(ASSETS_VARIABLE)
    if not named:
        return ()
    folder = Path(named).absolute()
    if not folder.is_dir():
        raise BinariesUnavailable(
            f"{ASSETS_VARIABLE} names {folder}, which is no folder: correct it, or unset it to "
            "build the control plane from source"
        )
    return (folder,)


def _place(program: Program, folders: tuple[Path, ...]) -> Path | None:
    """Give the first folder's executable of that name."""
    paths = (folder / program.name for folder in folders)
    return next((path for path in paths if path.is_file() and os.access(path, os.X_OK)), None)


def _missing(programs: tuple[Program, ...], folders: tuple[Path, ...]) -> tuple[Program, ...]:
    """Give the programs that none of the folders has."""
    return tuple(program for program in programs if _place(program, folders) is None)


@contextmanager
def _locked(cache: Path, progress: Progress) -> Iterator[None]:
    """Let one process build at a time; the lock ends with its holder, however that ends."""
    try:
        cache.mkdir(parents=True, exist_ok=True)
        lock = (cache / "lock").open("w", encoding="utf-8")
    except OSError as error:
        raise BinariesUnavailable(
            f"the cache folder {cache} can not be written: {error}"
        ) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress(f"another process builds into {cache}: waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _build_all(
    programs: tuple[Program, ...], cache: Path, progress: Progress, environ: Mapping[str, str]
) -> None:
    """Build what is missing, if anything still is now that the lock is ours."""
    if not programs:
        return
    for leftover in cache.glob("*.partial"):
        leftover.unlink()
    go = gobuild.toolchain(cache.parent / "toolchain", progress, environ)
    for number, program in enumerate(programs, start=1):
        about = f"about {program.minutes} min the first time"
        progress(f"building {program.name} ({number} of {len(programs)}; {about}) ...")
        started = time.monotonic()
        gobuild.build(go, program, cache / program.name, environ)
        progress(f"... done in {time.monotonic() - started:.0f} s")


def main() -> int:
    """Build what is missing and say where everything is."""
    try:
        found = asdict(find(_progress))
        found["kubeadm"] = find_kubeadm(_progress)
    except BinariesUnavailable as error:
        _progress(f"error: {error}")
        return 1
    for name, path in found.items():
        _say(f"{name}\t{path}", sys.stdout)
    return 0


def _progress(line: str) -> None:
    """Say it beside what a caller reads."""
    _say(line, sys.stderr)


def _say(line: str, stream: TextIO) -> None:
    """Write one line that is seen at once."""
    stream.write(f"{line}\n")
    stream.flush()


if __name__ == "__main__":
    sys.exit(main())
