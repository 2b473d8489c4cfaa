"""Policies: the last good one stays, and a folder is read when it changed."""

import asyncio
import shutil
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from tests.serve import reviews
from webhook.core.cluster import Cluster
from webhook.core.errors import Fault, GpuclassError, OperatorError, PolicyError
from webhook.core.policy.documents import Mode, PriorityClass
from webhook.core.policy.policy import Policy
from webhook.serve.metrics import Metrics
from webhook.serve.settings import Settings
from webhook.serve.snapshots import KEPT_CLASSES, Snapshots
from webhook.serve.sources import FolderSource, make

ONE = replace(reviews.policy(), revision="one")
TWO = replace(reviews.policy(), revision="two")
FAULTS = PolicyError(
    tuple(Fault(source="a.yaml", line=line, path="spec", message="no") for line in (1, 2))
)


class Folder:
    """A folder that says what it is told to; `reads` counts how often it was read."""

    def __init__(self, *contents: Policy | Exception) -> None:
        self.now, self.reads = 0, 0
        self._contents = contents

    def fingerprint(self) -> int:
        """Give what it says now."""
        return self.now

    def load(self) -> Policy:
        """Give the policy, or the fault."""
        self.reads += 1
        found = self._contents[self.now]
        if isinstance(found, Exception):
            raise found
        return found


@pytest.fixture
def found() -> Snapshots:
    return Snapshots(Metrics(), lambda: 1234.0)


def looked_at(folder: Folder, found: Snapshots) -> FolderSource:
    return FolderSource(folder.load, folder.fingerprint, 0.01, found)


def value(of: Snapshots, name: str, **labels: str) -> float | None:
    return of._metrics.registry.get_sample_value(name, labels)  # noqa: SLF001


def test_a_new_policy_takes_the_place_of_the_old_one(found: Snapshots) -> None:
    folder = Folder(ONE, TWO)
    source = looked_at(folder, found)
    assert found.current() is None
    source.open()
    assert found.current() is ONE
    folder.now = 1
    source.refresh()
    assert (found.current(), found.faults, found.loaded_at) == (TWO, (), 1234.0)
    assert value(found, "gpuclass_policy_info", revision="two") == 1
    assert value(found, "gpuclass_policy_info", revision="one") is None
    assert value(found, "gpuclass_policy_loaded_timestamp_seconds") == 1234


def former(of: Snapshots) -> list[str]:
    """Give the revisions that are remembered beside the one in force."""
    current = of.current()
    assert current is not None
    assert all(each.former == () for each in current.former)
    return [each.revision for each in current.former]


def test_policies_that_were_in_force_are_remembered_for_a_while() -> None:
    times = iter((0.0, 10.0, 20.0, 30.0, 59.9, 60.0, 60.0, 61.0, 61.0))
    found = Snapshots(Metrics(), lambda: next(times))
    for each in (ONE, TWO, TWO, ONE):
        found.accept(each)
    assert former(found) == ["two", "one"]
    assert former(found) == []
    assert found.current() is found.current()


def test_no_more_policies_are_remembered_than_some(found: Snapshots) -> None:
    for number in range(20):
        found.accept(replace(ONE, revision=str(number)))
    assert former(found) == [str(number) for number in range(18, 2, -1)]


def test_of_policies_of_very_many_classes_fewer_are_remembered(found: Snapshots) -> None:
    plan = next(iter(ONE.classes.values()))
    for number in range(20):
        classes = dict.fromkeys((f"class-{each}" for each in range(KEPT_CLASSES // 3)), plan)
        found.accept(replace(ONE, revision=str(number), classes=classes))
    assert former(found) == ["18", "17", "16"]
    found.accept(replace(ONE, revision="huge", classes={**classes, "one-more": plan}))
    assert former(found) == ["19", "18", "17"]


def test_what_did_not_change_is_not_read_again(found: Snapshots) -> None:
    folder = Folder(ONE)
    source = looked_at(folder, found)
    source.open()
    source.refresh()
    assert folder.reads == 1


@pytest.mark.parametrize(
    ("broken", "faults"),
    [
        pytest.param(FAULTS, ("a.yaml:1 spec: no", "a.yaml:2 spec: no"), id="faults"),
        pytest.param(OperatorError("p: no such folder"), ("p: no such folder",), id="no folder"),
        pytest.param(RuntimeError("a bug"), ("a bug",), id="a fault of ours"),
    ],
)
def test_a_broken_policy_leaves_the_last_good_one(
    found: Snapshots,
    broken: Exception,
    faults: tuple[str, ...],
    caplog: pytest.LogCaptureFixture,
) -> None:
    folder = Folder(ONE, broken, TWO)
    source = looked_at(folder, found)
    source.open()
    folder.now = 1
    source.refresh()
    source.refresh()
    assert (found.current(), found.faults) == (ONE, faults)
    assert value(found, "gpuclass_policy_faults") == len(faults)
    assert value(found, "gpuclass_policy_reload_failures_total") == 1
    assert [each.getMessage() for each in caplog.records].count("policy refused") == 1
    folder.now = 2
    source.refresh()
    assert (found.current(), found.faults) == (TWO, ())
    assert value(found, "gpuclass_policy_faults") == 0


def test_a_first_policy_that_is_broken_is_for_the_operator(found: Snapshots) -> None:
    with pytest.raises(GpuclassError):
        looked_at(Folder(FAULTS), found).open()


class Reading(Metrics):
    """Reads along while a policy is put in force, as a request does in another thread."""

    found: Snapshots
    seen: tuple[str, ...] | None = None

    def set_policy(self, policy: Policy, loaded_at: float) -> None:
        """See what is said to be wrong at this moment."""
        super().set_policy(policy, loaded_at)
        self.seen = self.found.faults


def test_what_is_sound_is_at_no_moment_in_force_without_what_is_wrong() -> None:
    metrics = Reading()
    found = metrics.found = Snapshots(metrics)
    with suppress(GpuclassError):
        found.take(Folder(FAULTS).load)
    found.begin(ONE)
    assert found.current() is ONE
    assert metrics.seen == found.faults == tuple(str(each) for each in FAULTS.faults)
    assert value(found, "gpuclass_policy_faults") == 2


def test_a_folder_is_looked_at_again_and_again(found: Snapshots) -> None:
    folder = Folder(ONE, TWO)
    source = looked_at(folder, found)
    source.open()
    folder.now = 1

    async def follow_until_it_is_in_force() -> None:
        following = asyncio.create_task(source.follow())
        async with asyncio.timeout(60):
            while found.current() != TWO:  # noqa: ASYNC110 # it tells nobody
                await asyncio.sleep(0.01)
        following.cancel()

    asyncio.run(follow_until_it_is_in_force())


def test_a_folder_has_nothing_to_watch(found: Snapshots) -> None:
    source = looked_at(Folder(ONE), found)
    assert (source.missing(), source.report()) == ((), ())


def test_what_is_known_of_the_cluster_comes_with_the_policy(found: Snapshots) -> None:
    cluster = Cluster(namespaces={"team-a": {"gpu-class": "training"}})
    document = PriorityClass(name="batch", value=5)
    found.know(cluster, [document])
    assert found.current() is None
    found.accept(ONE)
    found.know(cluster, [document])
    policy = found.current()
    assert policy is not None
    assert (policy.cluster, policy.revision) == (cluster, "one")
    assert policy.documents == (document,)


def test_policies_come_from_a_folder_or_from_a_cluster(found: Snapshots) -> None:
    settings = Settings(policies=reviews.POLICIES, kubeconfig=Path("kubeconfig"))
    with pytest.raises(OperatorError) as refused:
        make(settings, found, Metrics())
    assert str(refused.value) == (
        "--policies and --kubeconfig: policies come from a folder or from a cluster; leave one out"
    )


def test_of_a_folder_only_files_that_changed_are_parsed_again(
    found: Snapshots, tmp_path: Path
) -> None:
    folder = tmp_path / "policies"
    shutil.copytree(reviews.POLICIES, folder)
    source = make(Settings(policies=folder), found, Metrics())
    before = found.current()
    edited = folder / "policy.yaml"
    edited.write_text(edited.read_text().replace("mode: Enforce", "mode: Warn"))
    source.refresh()
    after = found.current()
    assert before is not None
    assert after is not None
    assert (before.mode, after.mode) == (Mode.ENFORCE, Mode.WARN)
    assert list(map(id, after.pools)) == list(map(id, before.pools))


def test_without_a_folder_and_a_cluster_every_way_is_named(
    found: Snapshots, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    with pytest.raises(OperatorError) as refused:
        make(Settings(), found, Metrics())
    assert str(refused.value) == (
        "no API server: this is no pod with a service account (Service host/port is not set); "
        "name one by --kubeconfig FILE (GPUCLASS_KUBECONFIG), "
        "or decide by the policies in a folder: --policies DIR (GPUCLASS_POLICIES)"
    )
