"""Policies are edited all the time, and broken ones written: in the cluster, and in a folder."""

import shutil
from collections.abc import Mapping

from tests.cluster.api import MERGE_PATCH, ApiError, Json
from tests.cluster.chaos.fleet import Make, Replica
from tests.cluster.chaos.load import GPU, TRAINING, Load
from tests.cluster.chaos.row import Row
from tests.cluster.chaos.stage import Stage
from tests.cluster.shipped import POLICIES
from tests.serve.server import rewrite

CLASSES = "/apis/gpuclass.io/v1alpha1/gpuclasses"
WEIGHTS = (100, 40)
BROKEN_EVERY = 10
"""Edits between two documents that are refused."""
FAULTS, FAILURES = "gpuclass_policy_faults", "gpuclass_policy_reload_failures_total"

BROKEN: Mapping[str, Json] = {
    "no such pool": {"pools": [{"name": "nowhere"}]},
    "a weight of 500": {"pools": [{"name": "training", "weight": 500}]},
    "no pools": {"pools": []},
    "a pool twice": {"pools": [{"name": "training"}, {"name": "training"}]},
}


class Edits(Row):
    """Half of the pods are of the edited class: changed by one policy, judged by another."""

    name = "edits"
    fault = "a class is edited on end, and broken ones written to the API server"
    promise = "0 lost; broken ones are refused; the last edit is in force in all replicas"
    short, long = 20, 1000
    manifests = (GPU, TRAINING)

    def inject(self, stage: Stage, load: Load, times: int) -> str:
        """Edit a class, so many times; then wait until all decide by the last edit."""
        api = stage.control_plane.api
        refused = 0
        for number in range(times):
            patch = {"spec": {"pools": [_pool(WEIGHTS[number % 2], number)]}}
            api.request("PATCH", f"{CLASSES}/training", patch, MERGE_PATCH)
            if number % BROKEN_EVERY == 0:
                refused += self._refused(stage, number // BROKEN_EVERY)
        assert refused == -(-times // BROKEN_EVERY), f"only {refused} broken documents were refused"
        stage.control_plane.kubectl(
            "apply", "--server-side", "--force-conflicts", "-k", str(POLICIES)
        )
        _agree(stage)
        load.go_on(1)
        return f"{times} edits, {refused} broken documents refused"

    @staticmethod
    def _refused(stage: Stage, number: int) -> int:
        document = {
            "apiVersion": "gpuclass.io/v1alpha1",
            "kind": "GPUClass",
            "metadata": {"name": "broken"},
            "spec": [*BROKEN.values()][number % len(BROKEN)],
        }
        try:
            stage.control_plane.api.request("POST", CLASSES, document)
        except ApiError as error:
            return int(error.status in {403, 422})
        return 0


def _pool(weight: int, number: int) -> Json:
    """Give a pool of a class: no two edits on end make the same policy."""
    return {"name": "training", "weight": max(1, weight - number % 20)}


def _agree(stage: Stage) -> None:
    """Wait until all replicas decide by the same revision, that of what is stored now."""
    stage.of_each(lambda each: _revision(each) == _revision(stage.fleet.replicas[0]), "to agree")
    stage.of_each(lambda each: each.metric(FAULTS) == 0, "to know of no fault")


def _revision(replica: Replica) -> object:
    return replica.report()["policy"]["revision"]


DEEP = 100_000
BOMB = b"a: &a [x, x]\n" + b"".join(
    b"%c: &%c [*%c, *%c, *%c, *%c]\n" % (one, one, *[one - 1] * 4) for one in range(98, 120)
)
SPOILT: Mapping[str, bytes] = {
    "malformed": b"kind: [GPUClass\n",
    "empty": b"",
    "no UTF-8": b"kind: \xff\xfe\n",
    "huge": b"# " + b"x" * 20_000_000 + b"\n",
    "an alias bomb": BOMB,
    "deep": b"[" * DEEP,
    "a key twice": b"apiVersion: gpuclass.io/v1alpha1\nkind: GPUClass\nkind: GPUClass\n",
}


class SpoiltFiles(Row):
    """Replicas that decide by a folder; one file in it is spoilt in every way."""

    name = "policy-files"
    fault = "a policy file malformed, empty, huge, an alias bomb, deep, with a key twice"
    promise = "0 lost; the last good policy goes on"
    long = 5

    def make(self, stage: Stage) -> Make:
        """Decide by a folder of its own."""
        self._folder = stage.folder("policies")
        shutil.copytree(POLICIES, self._folder, dirs_exist_ok=True)
        return Make(flags=(f"--policies={self._folder}",))

    def inject(self, stage: Stage, load: Load, times: int) -> str:
        """Spoil the file in each way, and mend it."""
        file = self._folder / "classes" / "general.yaml"
        good, revision = file.read_bytes(), _revision(stage.fleet.replicas[0])
        for _ in range(times):
            for name, content in SPOILT.items():
                rewrite(file, content)
                stage.of_each(lambda each: each.metric(FAULTS) > 0, f"to find it {name}")
                stage.of_each(lambda each: _revision(each) == revision, "to go on with the last")
                load.go_on(5)
                rewrite(file, good)
                stage.of_each(lambda each: each.metric(FAULTS) == 0, "to be well again")
        return f"{times * len(SPOILT)} spoilt files refused by each replica"
