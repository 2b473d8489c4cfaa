"""What is shipped, in a cluster: our kinds, and the documents of them."""

from pathlib import Path

from tests.cluster.controlplane import ControlPlane
from webhook.core.names import API_GROUP
from webhook.core.policy import crd

ROOT = Path(__file__).parents[2]
BASE, CRDS, POLICIES = ROOT / "deploy" / "base", ROOT / "deploy" / "crds", ROOT / "policies"


def apply_kinds(control_plane: ControlPlane) -> None:
    """Apply our kinds, and wait until they are served."""
    control_plane.kubectl("apply", "--server-side", "-k", str(CRDS))
    await_kinds(control_plane)


def await_kinds(control_plane: ControlPlane) -> None:
    """Wait until our kinds are served, whoever applied them."""
    names = [f"crd/{plural}.{API_GROUP}" for plural in crd.RESOURCES]
    control_plane.kubectl("wait", "--for=condition=Established", *names)


def apply_policies(control_plane: ControlPlane) -> None:
    """Apply every document that is shipped; our kinds have to be there."""
    control_plane.kubectl("apply", "--server-side", "-k", str(POLICIES))
