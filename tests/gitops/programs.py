"""Argo CD and what it starts, built once from Go modules: `make gitops` builds what is missing.

The regular tests only look for them. Redis is a program of our own around a library that speaks its
protocol (go/argocd/redis): Argo CD keeps nothing in it but caches.
"""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.cluster import gobuild
from tests.cluster.gobuild import BinariesUnavailable, Program, Progress
from tests.deploy import built
from tests.deploy.built import Tool
from tests.deploy.helm import HELM

VERSION = "3.5.7"
KUSTOMIZE_VERSION = "5.8.1"
"""What the image of that Argo CD has."""

MODULE = Path(__file__).parent / "go" / "argocd"
ARGOCD_MODULE = "github.com/argoproj/argo-cd/v3"


def _tool(name: str, package: str, version: str, minutes: int, flags: str = "") -> Tool:
    program = Program(
        name=name, module=MODULE, package=package, ldflags=f"-s -w{flags}", minutes=minutes
    )
    return Tool(program=program, version=version)


ARGOCD = _tool(
    "argocd", f"{ARGOCD_MODULE}/cmd", VERSION, 5, f" -X {ARGOCD_MODULE}/common.version={VERSION}"
)
KUSTOMIZE = _tool("kustomize", "sigs.k8s.io/kustomize/kustomize/v5", KUSTOMIZE_VERSION, 1)
REDIS = _tool("redis", "./redis", f"for-argocd-{VERSION}", 1)
TOOLS = (ARGOCD, KUSTOMIZE, REDIS, HELM)

CRDS = ARGOCD.place.with_name("crds")
"""Argo CD's kinds, taken from its module when it is built: a kustomization."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Programs:
    """Absolute paths; `argocd` is every component, by the name that it is started under."""

    argocd: Path
    kustomize: Path
    redis: Path
    helm: Path


def find() -> Programs:
    """Find all of them; raises BinariesUnavailable with the names of those that are not built."""
    missing = [each.program.name for each in TOOLS if not each.find()]
    if not CRDS.is_dir():
        missing.append("its CRDs")
    if missing:
        raise BinariesUnavailable(f"{', '.join(missing)} not built: `make gitops` builds it")
    argocd, kustomize, redis, helm = (each.place for each in TOOLS)
    return Programs(argocd=argocd, kustomize=kustomize, redis=redis, helm=helm)


def build(progress: Progress) -> Programs:
    """Build what is missing; raises BinariesUnavailable with what was tried."""
    for each in TOOLS:
        each.build(progress)
    if not CRDS.is_dir():
        _copy_crds(progress)
    return find()


def _copy_crds(progress: Progress) -> None:
    """Copy the CRDs out of the module, whose folder only Go knows: whole, or not at all."""
    go = gobuild.toolchain(CRDS.parents[1] / "toolchain", progress, os.environ)
    command = [str(go), "list", "-m", "-f", "{{.Dir}}", ARGOCD_MODULE]
    answer = subprocess.run(command, cwd=MODULE, capture_output=True, text=True, check=False)
    if answer.returncode != 0:
        raise BinariesUnavailable(f"Argo CD's module can not be found: {answer.stderr}")
    partial = CRDS.with_name("crds.partial")
    shutil.rmtree(partial, ignore_errors=True)
    shutil.copytree(Path(answer.stdout.strip()) / "manifests" / "crds", partial)
    partial.rename(CRDS)


if __name__ == "__main__":
    sys.exit(built.main(build))
