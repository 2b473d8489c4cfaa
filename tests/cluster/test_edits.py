"""A class is edited while pods of it are made, with two replicas: no pod is torn, none refused.

Between the two webhooks of one pod lie two connections, and so often two replicas; for a moment
one of them decides by the edited class and the other by the one before.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import pytest

from tests.cluster.api import MERGE_PATCH, Json
from tests.cluster.binaries import Binaries
from tests.cluster.controlplane import ControlPlane
from tests.cluster.governed.manifests import pod
from tests.cluster.installed import Installed
from tests.cluster.load import Load
from tests.cluster.shipped import POLICIES
from tests.cluster.waiting import eventually
from webhook.core.names import STAMP_ANNOTATION
from webhook.core.policy.documents import Document, GPUClass, Placement, PoolReference
from webhook.core.policy.policy import compile_policy
from webhook.watch import files

pytestmark = pytest.mark.cluster

CLASS = "/apis/gpuclass.io/v1alpha1/gpuclasses/training"
POLICY = "/apis/gpuclass.io/v1alpha1/gpupolicies/cluster"
POD = pod("x-", "training")
EDITS = 100
VARIANTS = (
    ("training", "gpu-batch-priority"),
    ("production", "gpu-high-priority"),
    ("development", "gpu-batch-priority"),
)
"""What the class is edited to: its only pool, and its PriorityClass."""


@pytest.fixture(scope="module")
def installed(binaries: Binaries) -> Iterator[Installed]:
    """Give an installation with two servers."""
    with ControlPlane(binaries) as plane, Installed(plane, servers=2) as running:
        yield running


def documents(pool: str, priority: str) -> tuple[Document, ...]:
    """Give the shipped documents with the class as it is edited."""
    shipped, _ = files.load(POLICIES)
    return tuple(
        replace(
            each,
            pools=(PoolReference(name=pool),),
            placement=Placement.REQUIRED,
            priority_class_name=priority,
        )
        if isinstance(each, GPUClass) and each.name == "training"
        else each
        for each in shipped
    )


BY_REVISION = {compile_policy(documents(*each)).revision: each for each in VARIANTS}


def edit(installed: Installed, pool: str, priority: str) -> None:
    spec = {
        "pools": [{"name": pool}],
        "placement": "Required",
        "priorityClassName": priority,
    }
    installed.control_plane.api.request("PATCH", CLASS, {"spec": spec}, MERGE_PATCH)


class Judge:
    """Says what of a pod is not what one revision makes of it; remembers which were seen."""

    def __init__(self) -> None:
        self.seen: set[str] = set()

    def __call__(self, made: Json) -> str:
        """Compare a pod with the revision in its stamp."""
        stamp = json.loads(made["metadata"]["annotations"][STAMP_ANNOTATION])
        if stamp["revision"] not in BY_REVISION:
            return f"revision {stamp['revision']} is none of ours"
        self.seen.add(stamp["revision"])
        pool, priority = BY_REVISION[stamp["revision"]]
        found = _pools(made), made["spec"]["priorityClassName"]
        return "" if found == ({pool}, priority) else f"{found} by revision of {pool}, {priority}"


def _pools(made: Json) -> set[str]:
    """Give the pools that affinity and tolerations of a pod name."""
    affinity = made["spec"]["affinity"]["nodeAffinity"]
    (term,) = affinity["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
    required = {
        value
        for each in term["matchExpressions"]
        if each["key"] == "gpu-type"
        for value in each["values"]
    }
    tolerated = {
        each["value"] for each in made["spec"]["tolerations"] if each.get("key") == "gpu-type"
    }
    return required | tolerated


def test_every_pod_carries_one_revision_whole_and_none_is_refused(installed: Installed) -> None:
    edit(installed, *VARIANTS[0])
    judge = Judge()
    first = next(iter(BY_REVISION))
    eventually(
        lambda: installed.control_plane.api.request("GET", POLICY)["status"]["revision"] == first,
        "the first edit to be in force",
    )
    eventually(lambda: judge(made(installed)) == "", "the first edit to be served")
    eventually(lambda: judge(made(installed)) == "", "the first edit to be served by the other")
    with Load(installed.control_plane.api, POD, judge) as load:
        for number in range(1, EDITS + 1):
            edit(installed, *VARIANTS[number % len(VARIANTS)])
            eventually(partial(_more, load, load.created + 2), "pods between edits")
    assert load.wrong == []
    assert judge.seen == set(BY_REVISION)
    assert load.created > 2 * EDITS


def _more(load: Load, than: int) -> bool:
    return load.created > than


def made(installed: Installed) -> Json:
    path = "/api/v1/namespaces/default/pods?dryRun=All"
    found: Json = installed.control_plane.api.request("POST", path, POD)
    return found
