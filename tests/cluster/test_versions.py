"""Claims for devices in an older version of their API, or in none: what an older API server has.

One of 1.37 does not start without resource.k8s.io/v1, so that it has no such version is played by
asking for one that no API server has.
"""

from dataclasses import replace

import pytest

from tests.cluster.api import Json
from tests.cluster.binaries import Binaries
from tests.cluster.components import Admission
from tests.cluster.controlplane import ControlPlane
from tests.cluster.waiting import eventually
from webhook.core.cluster import Cluster
from webhook.watch.cluster import ClusterWatch, Knowledge
from webhook.watch.connection import connect
from webhook.watch.objects import OBSERVED

pytestmark = pytest.mark.cluster

BETAS = ("v1beta2", "v1beta1")
EXACTLY = {"deviceClassName": "gpu.nvidia.com", "allocationMode": "ExactCount", "count": 1}
REQUESTS: Json = {"v1beta2": {"exactly": EXACTLY}, "v1beta1": EXACTLY}


def claim_template(version: str) -> Json:
    """Give a template of a claim for one GPU, as a version spells it."""
    requests = [{"name": "gpu", **REQUESTS[version]}]
    return {
        "apiVersion": f"resource.k8s.io/{version}",
        "kind": "ResourceClaimTemplate",
        "metadata": {"name": f"of-{version}"},
        "spec": {"spec": {"devices": {"requests": requests}}},
    }


def known(plane: ControlPlane, *versions: str) -> Cluster:
    """Watch as where of the versions of claims only some are served; give what is known then."""
    told: list[Knowledge] = []
    resources = tuple(
        replace(
            each,
            path=each.path.replace("/v1/", "/v0/"),
            older=tuple(each.path.replace("/v1/", f"/{version}/") for version in versions),
        )
        if each.older
        else each
        for each in OBSERVED
    )
    watch = ClusterWatch(connect(plane.kubeconfig), told.append, resources)
    watch.start()
    try:
        eventually(lambda: watch.is_synced and told, "everything to be read")
    finally:
        watch.stop()
    return told[-1].cluster


def test_claims_of_an_older_version_are_known_and_without_any_the_rest_is(
    binaries: Binaries,
) -> None:
    served = ",".join(f"resource.k8s.io/{each}=true" for each in BETAS)
    flags = (f"--runtime-config={served}",)
    with ControlPlane(binaries, admission=Admission(flags=flags)) as plane:
        for each in BETAS:
            path = f"/apis/resource.k8s.io/{each}/namespaces/default/resourceclaimtemplates"
            plane.api.request("POST", path, claim_template(each))
        templates = {("default", f"of-{each}"): frozenset({"gpu.nvidia.com"}) for each in BETAS}
        assert known(plane, "v1beta2", "v1beta1").claim_templates == templates
        assert known(plane, "v0beta0", "v1beta1").claim_templates == templates
        nothing = known(plane)
        assert nothing.claim_templates == {}
        assert "default" in nothing.namespaces
