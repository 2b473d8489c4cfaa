"""Documents that live in the API server, judged by a replica that watches them there."""

import json
from collections.abc import Iterator

import pytest

from tests.cluster.api import Json
from tests.cluster.binaries import Binaries
from tests.cluster.controlplane import ControlPlane
from tests.cluster.shipped import apply_kinds, apply_policies
from tests.cluster.waiting import eventually
from tests.cluster.webhook import Watching
from tests.core.policy.bad_documents import gpu_class, pool
from webhook.core import registration

pytestmark = pytest.mark.cluster

TIMES = 5


@pytest.fixture(scope="module")
def plane(binaries: Binaries) -> Iterator[ControlPlane]:
    """Give a control plane of its own, with the shipped documents and a replica before it."""
    with ControlPlane(binaries) as running:
        apply_kinds(running)
        apply_policies(running)
        with Watching(running):
            yield running


def apply(plane: ControlPlane, *documents: Json, dry_run: str = "none") -> str:
    """Apply documents in this order, by one command; give what was refused."""
    text = "\n---\n".join(map(json.dumps, documents))
    command = ("apply", "--server-side", f"--dry-run={dry_run}", "-f", "-")
    answer = plane.kubectl(*command, input=text, check=False)
    return answer.stderr if answer.returncode else ""


def test_a_pool_and_its_class_are_applied_in_one_go(plane: ControlPlane) -> None:
    for number in range(TIMES):
        name = f"new-{number}"
        priority = {
            "apiVersion": "scheduling.k8s.io/v1",
            "kind": "PriorityClass",
            "metadata": {"name": name},
            "value": number,
        }
        named = gpu_class(name, pools=[{"name": name}], priorityClassName=name)
        assert apply(plane, priority, pool(name), named) == ""


def test_a_class_before_its_pool_is_refused_and_told_the_order(plane: ControlPlane) -> None:
    said = apply(plane, gpu_class("late", pools=[{"name": "late"}]), pool("late"))
    assert "there is no GPUNodePool late; known: " in said
    assert "apply what is named first: PriorityClasses, then pools, classes, the policy" in said
    assert apply(plane, gpu_class("late", pools=[{"name": "late"}])) == ""


def test_what_was_broken_is_mended_in_any_order(plane: ControlPlane) -> None:
    shipped = json.loads(plane.kubectl("get", "gpunodepool/worker", "-o", "json").stdout)
    before = {key: shipped[key] for key in ("apiVersion", "kind", "spec")}
    answer = plane.kubectl("delete", "gpunodepool/worker")
    assert "pool worker is still named by GPUClass general" in answer.stderr

    def is_known() -> bool:
        probe = gpu_class("probe", pools=[{"name": "worker"}])
        return "there is no GPUNodePool worker" in apply(plane, probe, dry_run="server")

    eventually(is_known, "the pool to be gone")
    # The class that lost its pool stands in nobody's way, not even in its own.
    assert apply(plane, pool("unconcerned")) == ""
    broken = gpu_class("general", pools=[{"name": "worker"}], allowedNamespaces=["team-*"])
    assert apply(plane, {**broken, "metadata": {"name": "general"}}) == ""
    assert apply(plane, {**before, "metadata": {"name": "worker"}}) == ""


def test_a_policy_that_is_off_is_left_by_a_sound_one_alone(plane: ControlPlane) -> None:
    def set_to(**spec: object) -> str:
        patch = ("--type=merge", "--patch", json.dumps({"spec": spec}))
        answer = plane.kubectl("patch", "gpupolicy/cluster", *patch, check=False)
        return answer.stderr if answer.returncode else ""

    assert set_to(mode="Off") == ""
    assert "there is no GPUClass nobody" in set_to(mode="Enforce", defaultClass="nobody")
    assert set_to(mode="Enforce") == ""


def test_the_registration_is_of_the_documents_entry_too(plane: ControlPlane) -> None:
    found = plane.kubectl("get", "validatingwebhookconfiguration/gpuclass", "-o", "json").stdout
    entries = tuple(each["name"] for each in json.loads(found)["webhooks"])
    assert entries == registration.ENTRIES["ValidatingWebhookConfiguration"]
