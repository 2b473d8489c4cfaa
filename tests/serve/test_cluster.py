"""Policies out of a cluster: compiled when a document changes, and the last good one stays."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import pytest

from tests.cluster.waiting import eventually
from tests.core.policy.documents_text import CLASS
from tests.serve import pki
from tests.serve.running import make
from tests.watch.cluster import SOUND, FakeCluster
from webhook.core.policy.documents import GPUClass
from webhook.core.policy.policy import Policy
from webhook.serve.cluster import NO_POLICY
from webhook.serve.service import Service

NODE = {"metadata": {"name": "gpu-1", "labels": {"gpu-type": "training"}}, "spec": {}}
BROKEN = CLASS.replace("{name: training, weight: 80}", "{name: nowhere, weight: 80}")


@pytest.fixture
def fake() -> Iterator[FakeCluster]:
    with FakeCluster(*SOUND) as running:
        yield running


@pytest.fixture
def service(fake: FakeCluster, tmp_path: Path) -> Service:
    pki.write(tmp_path / "certs", pki.authority())
    return make(tmp_path / "certs", policies=None, kubeconfig=fake.kubeconfig(tmp_path))


@contextmanager
def following(service: Service) -> Iterator[None]:
    """Have the source follow in a loop of its own, as a worker does."""
    loop = asyncio.new_event_loop()
    task = loop.create_task(service.source.follow())
    thread = Thread(target=_until_cancelled, args=(loop, task))
    thread.start()
    try:
        yield
    finally:
        loop.call_soon_threadsafe(task.cancel)
        thread.join(60)
        loop.close()
    assert not thread.is_alive()


def _until_cancelled(loop: asyncio.AbstractEventLoop, task: asyncio.Task[None]) -> None:
    loop.run_until_complete(asyncio.gather(task, return_exceptions=True))


def policy(service: Service) -> Policy:
    """Give the policy once there is one."""
    found = eventually(service.snapshots.current, "a policy")
    assert found is not None
    return found


def faults(service: Service) -> tuple[str, ...]:
    return service.snapshots.faults


def sample(service: Service, name: str, **labels: str) -> float | None:
    return service.metrics.registry.get_sample_value(name, labels)


def test_a_cluster_with_policies_is_ready(service: Service) -> None:
    with following(service):
        assert list(policy(service).classes) == ["training"]
        assert service.health.reasons() == []
        assert len(policy(service).documents) == 6
        assert sample(service, "gpuclass_watch_synced", resource="nodes") == 1
        assert sample(service, "gpuclass_watch_objects", resource="priorityclasses") == 2
        lists = sample(service, "gpuclass_watch_lists_total", resource="gpuclasses")
        assert lists == 1
        silence = sample(service, "gpuclass_watch_silence_seconds", resource="gpuclasses")
        assert silence is not None


def test_what_the_api_server_says_besides_comes_without_compiling(
    fake: FakeCluster, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    with following(service):
        before = policy(service)
        compiled: list[object] = []
        monkeypatch.setattr("webhook.serve.cluster.compile_policy", compiled.append)
        fake.put("nodes", NODE)
        eventually(lambda: policy(service).cluster.nodes, "the node")
        assert compiled == []
        assert policy(service).classes is before.classes
        assert policy(service).cluster.nodes["gpu-1"].labels == {"gpu-type": "training"}


def test_a_document_that_fits_no_others_changes_nothing_and_says_so(
    fake: FakeCluster, service: Service
) -> None:
    with following(service):
        before = policy(service)
        fake.apply(BROKEN)
        eventually(lambda: faults(service), "the fault")
        assert faults(service) == (
            "gpuclass/training spec.pools[0].name: there is no GPUNodePool nowhere; "
            "known: development, training",
        )
        fake.put("nodes", NODE)
        eventually(lambda: policy(service).cluster.nodes, "the node, all the same")
        assert policy(service).revision == before.revision
        # What is written now is judged beside what there is, not beside what is in force.
        named = {pool.name for each in policy(service).documents if isinstance(each, GPUClass)
                 for pool in each.pools}  # fmt: skip
        assert "nowhere" in named
        assert service.health.reasons() == []
        assert sample(service, "gpuclass_policy_faults") == 1
        fake.apply(CLASS)
        eventually(lambda: not faults(service), "the fault to go")


def test_a_document_that_can_not_be_read_changes_nothing(
    fake: FakeCluster, service: Service
) -> None:
    with following(service):
        before = policy(service)
        fake.apply(CLASS.replace("Preferred", "Preferd"))
        eventually(lambda: faults(service), "the fault")
        assert policy(service).revision == before.revision


def test_without_the_gpupolicy_the_last_good_policy_stays(
    fake: FakeCluster, service: Service
) -> None:
    with following(service):
        before = policy(service)
        fake.delete("gpupolicies", "cluster")
        eventually(lambda: faults(service) == (NO_POLICY,), "the fault")
        assert policy(service).revision == before.revision


def test_a_cluster_without_policies_is_not_ready_until_it_has_them(tmp_path: Path) -> None:
    pki.write(tmp_path / "certs", pki.authority())
    with FakeCluster() as fake:
        kubeconfig = fake.kubeconfig(tmp_path)
        service = make(tmp_path / "certs", policies=None, kubeconfig=kubeconfig)
        with following(service):
            expected = ["no policy is loaded", NO_POLICY]
            eventually(lambda: service.health.reasons() == expected, "the reason")
            for each in SOUND:
                fake.apply(each)
            eventually(lambda: service.health.reasons() == [], "it to be ready")


def test_what_is_not_read_is_named_with_its_reason(fake: FakeCluster, service: Service) -> None:
    fake.refused["gpuclasses"] = 403
    reason = "gpuclasses: not read yet: 403: no"
    with following(service):
        eventually(
            lambda: service.health.reasons() == ["no policy is loaded", reason], "the reason"
        )
        watches = service.health.report()["watches"]
        assert isinstance(watches, list)
        assert watches[0] == {
            "resource": "gpuclasses",
            "synced": False,
            "objects": 0,
            "silent_seconds": None,
            "fault": "403: no",
        }
        failed = {"resource": "gpuclasses", "reason": "forbidden"}
        assert sample(service, "gpuclass_watch_failures_total", **failed)


def test_before_it_follows_nothing_is_known(service: Service) -> None:
    service.refresh()
    assert service.snapshots.current() is None


def test_a_start_beside_a_broken_document_begins_with_the_sound_ones(
    fake: FakeCluster, service: Service
) -> None:
    fake.apply(BROKEN.replace("  name: training\n", "  name: broken\n"))
    with following(service):
        assert list(policy(service).classes) == ["training"]
        (fault,) = faults(service)
        assert fault.startswith("gpuclass/broken spec.pools[0].name: there is no GPUNodePool")
        assert service.health.reasons() == []
        assert sample(service, "gpuclass_policy_faults") == 1
        assert len(policy(service).documents) == 7
