"""Fixtures: gpuclass as deploy/base installs it, on a control plane that records what it asks."""

import json
from collections.abc import Iterator

import pytest

from tests.cluster.binaries import Binaries
from tests.cluster.components import Admission
from tests.cluster.controlplane import ControlPlane
from tests.cluster.installed import CONTROLLER, SERVER, SYSTEM, Installed
from tests.cluster.simulation import POOLS, PodRunner, create_pool

ACCOUNTS = {name: f"system:serviceaccount:{SYSTEM}:{name}" for name in (SERVER, CONTROLLER)}

AUDIT = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [{"level": "Metadata", "users": list(ACCOUNTS.values())}, {"level": "None"}],
}
"""Every request of our accounts, reads among them, and watches as they begin."""

FLAGS = ("--settle=1s", "--overlap=3s", "--audit-every=5s")
SERVICE_NUMBER = 21


@pytest.fixture(scope="session")
def operated(
    binaries: Binaries, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ControlPlane]:
    """Give a control plane with nodes and kubelets' stand-in."""
    policy = tmp_path_factory.mktemp("operations") / "audit.json"
    policy.write_text(json.dumps(AUDIT), encoding="utf-8")
    admission = Admission(flags=(f"--audit-policy-file={policy}", "--audit-log-mode=batch"))
    with ControlPlane(binaries, admission=admission) as running, PodRunner(running.api):
        for name in POOLS:
            create_pool(running.api, name)
        yield running


@pytest.fixture(scope="session")
def installed(operated: ControlPlane) -> Iterator[Installed]:
    """Give the installation."""
    with Installed(operated, FLAGS, SERVICE_NUMBER) as running:
        yield running
