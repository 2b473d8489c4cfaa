"""kubectl and kubeadm come from where the control plane comes from."""

from tests.cluster.conftest import binaries, kubeadm

__all__ = ["binaries", "kubeadm"]
