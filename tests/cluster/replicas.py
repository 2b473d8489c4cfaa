"""Replicas of `gpuclass serve` that watch a control plane, with the rights of their manifests.

Nothing registers them: a test sends its reviews itself, to each of them.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.cluster.controlplane import ControlPlane
from tests.cluster.shipped import BASE, apply_kinds
from tests.cluster.waiting import eventually
from tests.serve.server import Process, response, review
from webhook.core.registration import NAMESPACE

USER = f"system:serviceaccount:{NAMESPACE}:gpuclass"
GROUPS = ("system:serviceaccounts", f"system:serviceaccounts:{NAMESPACE}")


def prepare(control_plane: ControlPlane) -> None:
    """Have our kinds, and the service account's rights."""
    apply_kinds(control_plane)
    for name in ("namespace", "serviceaccount", "rbac"):
        control_plane.kubectl("apply", "--server-side", "--filename", str(BASE / f"{name}.yaml"))


class Replica(Process):
    """One replica; it is not ready before there is a policy."""

    def __init__(self, folder: Path, kubeconfig: Path) -> None:
        """Start it and wait until it listens."""
        super().__init__(folder, "--kubeconfig", str(kubeconfig))

    def readiness(self) -> dict[str, Any]:
        """Give all that /readyz tells."""
        found: dict[str, Any] = json.loads(self.probe("/readyz?verbose")[1])
        return found

    def wait_ready(self) -> None:
        """Wait until it is ready."""
        eventually(lambda: self.probe("/readyz")[0] == 200, "a replica to be ready")

    def allows(self, gpu_class: str, **request: object) -> bool:
        """Tell whether a pod of a class may be made."""
        answer = response(self.post("/mutate", review(gpu_class, **request)))
        return bool(answer["allowed"])


@contextmanager
def replicas(control_plane: ControlPlane, folder: Path, count: int = 2) -> Iterator[list[Replica]]:
    """Run some replicas."""
    kubeconfig = control_plane.kubeconfig_for(USER, GROUPS)
    running: list[Replica] = []
    try:
        for number in range(count):
            (folder / str(number)).mkdir(parents=True)
            running.append(Replica(folder / str(number), kubeconfig))
        yield running
    finally:
        codes = [each.stop() for each in running]
    assert not any(codes), codes
