"""kubectl and kubeadm come from where the control plane comes from, other tools from elsewhere."""

from pathlib import Path

import pytest

from tests.cluster.conftest import binaries, kubeadm
from tests.cluster.gobuild import BinariesUnavailable
from tests.deploy.helm import HELM
from tests.deploy.prometheus import Prometheus, find

__all__ = ["binaries", "kubeadm"]


@pytest.fixture(scope="session")
def prometheus() -> Prometheus:
    """Give prometheus and promtool, fetched on the first use on a machine, or say why not."""
    try:
        return find(lambda _: None)
    except BinariesUnavailable as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="session")
def helm() -> Path:
    """Give Helm, if it was built."""
    found = HELM.find()
    if found is None:
        pytest.skip(f"Helm {HELM.version} is not built here: `make helm` builds it (3 minutes)")
    return found
