"""kubectl and kubeadm come from where the control plane comes from, Prometheus from elsewhere."""

import pytest

from tests.cluster.conftest import binaries, kubeadm
from tests.cluster.gobuild import BinariesUnavailable
from tests.deploy.prometheus import Prometheus, find

__all__ = ["binaries", "kubeadm"]


@pytest.fixture(scope="session")
def prometheus() -> Prometheus:
    """Give prometheus and promtool, fetched on the first use on a machine, or say why not."""
    try:
        return find(lambda _: None)
    except BinariesUnavailable as reason:
        pytest.skip(str(reason))
