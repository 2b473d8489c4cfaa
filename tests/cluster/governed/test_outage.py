"""The webhook is down: only what concerns GPUs waits for it, and nothing is stuck."""

from collections.abc import Iterator

import pytest

from tests.cluster.access import KubectlError
from tests.cluster.governed.cluster import Namespace
from tests.cluster.governed.manifests import pod, workload
from tests.cluster.waiting import eventually
from tests.cluster.webhook import Webhook

pytestmark = pytest.mark.cluster


@pytest.fixture
def outage(team: Namespace, webhook: Webhook) -> Iterator[Namespace]:
    """Give a namespace with GPU workloads in it, at a time when nobody answers."""
    team.create(pod("running", "training"), workload("Deployment", "x", "training"))
    team.bound("running")
    team.rolled("x")
    webhook.kill()
    yield team
    webhook.restart()
    eventually(lambda: _answers(team), "the webhook to answer again")


def _answers(team: Namespace) -> bool:
    try:
        team.create(pod("again-", "training"), flags=("--dry-run=server",))
    except KubectlError:
        return False
    return True


def test_an_ordinary_cpu_pod_is_created(outage: Namespace) -> None:
    outage.create(pod("cpu", gpus=None), pod("zero", gpus="0"))
    outage.bound("cpu")


def test_ordinary_workloads_are_written_and_their_pods_run(outage: Namespace) -> None:
    outage.create(workload("Deployment", "cpu", gpus=None))
    eventually(lambda: outage.pods("app=cpu"), "the pods of a CPU Deployment")


def test_a_gpu_pod_is_refused_with_the_reason(outage: Namespace) -> None:
    message = outage.refused(pod("gpu", "training"))
    assert 'failed calling webhook "pods.gpuclass.io"' in message


def test_gpu_pods_are_labelled_annotated_and_deleted(outage: Namespace) -> None:
    outage.kubectl("label", "pod", "running", "step=1")
    outage.kubectl("annotate", "pod", "running", "note=1")
    outage.kubectl("delete", "pod", "running", "--timeout=180s")


def test_gpu_workloads_are_scaled_rolled_annotated_and_deleted(outage: Namespace) -> None:
    outage.kubectl("scale", "deployment/x", "--replicas=0")
    eventually(lambda: not outage.pods("app=x"), "no pods after scaling to 0")
    outage.kubectl("rollout", "restart", "deployment/x")
    outage.kubectl("annotate", "deployment/x", "note=1")
    outage.kubectl("delete", "deployment/x", "--timeout=180s")


def test_a_new_class_waits_for_the_webhook(outage: Namespace) -> None:
    answer = outage.kubectl(
        "annotate", "deployment/x", "gpu-class=production", "--overwrite", check=False
    )
    assert 'failed calling webhook "workloads.gpuclass.io"' in answer.stderr
