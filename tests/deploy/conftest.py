"""kubectl comes from where the control plane comes from."""

from tests.cluster.conftest import binaries

__all__ = ["binaries"]
