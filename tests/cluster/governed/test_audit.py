"""`gpuclass audit` on the real API server: what got in while the webhook was away is all found."""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.access import KubectlError
from tests.cluster.api import Json
from tests.cluster.controlplane import ControlPlane
from tests.cluster.governed.cluster import Namespace, fresh_name
from tests.cluster.governed.manifests import pod, workload
from tests.cluster.simulation import GPU, GPU_TAINT, POOLS, Capacity, create_node, delete_node
from tests.cluster.waiting import eventually
from tests.cluster.webhook import Webhook

pytestmark = pytest.mark.cluster

DUMP = "nodes,pods,namespaces,daemonsets,priorityclasses"
BLANKET = [{"operator": "Exists"}]
AIMS: Json = {"tolerations": [{"key": GPU, "operator": "Exists"}], "nodeSelector": {"disk": "none"}}


@pytest.fixture(autouse=True)
def _plugin_on_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")


@pytest.fixture
def away(webhook: Webhook, team: Namespace) -> Iterator[Webhook]:
    """Give a webhook that is down and registered to fail open; afterwards all is as it was."""
    file = webhook.policies / "policy.yaml"
    text = file.read_text(encoding="utf-8")
    try:
        file.write_text(text.replace("mode: Enforce", "mode: Warn"), encoding="utf-8")
        webhook.configure()
        webhook.kill()
        eventually(lambda: _creates(team), "GPU pods to pass")
        yield webhook
    finally:
        file.write_text(text, encoding="utf-8")
        webhook.restart()
        webhook.register()


def _creates(team: Namespace) -> bool:
    try:
        team.create(pod("probe", "training"), flags=("--dry-run=server",))
    except KubectlError:
        return False
    return True


class Audits:
    """The command, beside the policies of a webhook."""

    def __init__(self, plane: ControlPlane, policies: Path) -> None:
        self._plane, self._flags = plane, ("--policies", str(policies), "-o", "json")

    def live(self, *flags: str) -> list[Json]:
        """Ask the cluster."""
        answer = self._plane.kubectl("gpuclass", "audit", *self._flags, *flags, check=False)
        assert (answer.returncode, answer.stderr) == (1, "")
        found: list[Json] = json.loads(answer.stdout)
        return found

    def of_dump(self, *flags: str, form: str = "json") -> list[Json]:
        """Ask what kubectl wrote of it."""
        dump = self._plane.kubectl("get", DUMP, "-A", "-o", form).stdout
        command = ("gpuclass", "audit", *self._flags, *flags, "-")
        answer = self._plane.kubectl(*command, input=dump, check=False)
        assert (answer.returncode, answer.stderr) == (1, "")
        found: list[Json] = json.loads(answer.stdout)
        return found


@pytest.fixture
def audits(governed: ControlPlane, webhook: Webhook) -> Audits:
    return Audits(governed, webhook.policies)


def called(found: list[Json]) -> set[tuple[str, str]]:
    return {(each["finding"], each["name"]) for each in found}


def test_every_pod_that_got_in_while_the_webhook_was_away_is_found(
    away: Webhook, team: Namespace, audits: Audits
) -> None:
    lost = [f"away-{number}" for number in range(20)]
    team.create(
        *(pod(name, "production" if number % 2 else None) for number, name in enumerate(lost)),
        pod("bound", gpus=None, nodeName="training-1"),
        pod("aims", gpus=None, **AIMS),
        pod("wrong", "no-such-class"),
        pod("misplaced", "production", nodeName="training-1"),
        pod("ordinary", gpus=None),
    )
    team.bound("ordinary")
    away.restart()
    away.register()
    team.create(pod("sound", "training"))
    team.bound("sound")
    found = audits.live("-n", team.name)
    assert called(found) == {
        *(("gpu-pod-unstamped", name) for name in lost),
        *(("gpu-pod-priority", name) for name in lost[1::2]),
        ("cpu-pod-on-gpu-node", "bound"),
        ("cpu-pod-aims", "aims"),
        ("gpu-pod-without-class", "wrong"),
        ("gpu-pod-outside-pools", "misplaced"),
        ("gpu-pod-unstamped", "misplaced"),
        ("gpu-pod-priority", "misplaced"),
    }
    assert audits.of_dump("-n", team.name) == found


def test_a_node_a_namespace_and_an_agent_that_work_against_the_policy_are_found(
    team: Namespace, governed: ControlPlane, audits: Audits
) -> None:
    bare, stray, agent = fresh_name("bare"), fresh_name("stray"), fresh_name("agent")
    capacity = Capacity(extended={GPU: "8"})
    production = POOLS["production"]
    create_node(governed.api, bare, labels=production.labels, taints=[GPU_TAINT], capacity=capacity)
    create_node(governed.api, stray, capacity=capacity)
    try:
        key = "scheduler.alpha.kubernetes.io/node-selector"
        governed.kubectl("annotate", "namespace", team.name, f"{key}=gpu-type=training")
        team.create(workload("DaemonSet", agent, gpus=None, tolerations=BLANKET))
        on_gpu = f"spec.nodeName={bare}"
        flags = ("--field-selector", on_gpu, "-o", "name")
        eventually(lambda: team.kubectl("get", "pods", *flags).stdout, "an agent on a GPU node")
        found = _own(audits.live(), team)
        assert {
            ("node-lacks-taint", bare),
            ("node-unclaimed", stray),
            ("namespace-selector", team.name),
            ("agent-evictable", agent),
        } <= called(found)
        assert not [each for each in found if each["kind"] == "Pod"]
        assert _own(audits.of_dump(form="yaml"), team) == found
    finally:
        delete_node(governed.api, bare)
        delete_node(governed.api, stray)


def test_an_agent_that_is_found_is_evicted_by_the_real_scheduler(
    team: Namespace, governed: ControlPlane, audits: Audits
) -> None:
    """Field report: kubernetes#64616. On a full node a pod of class production takes its place."""
    small, agent, production = fresh_name("small"), fresh_name("agent"), POOLS["production"]
    capacity = Capacity(cpu="2", extended={GPU: "1"})
    marks: Json = {"labels": production.labels, "taints": production.taints, "capacity": capacity}
    create_node(governed.api, small, **marks)
    try:
        here = {"kubernetes.io/hostname": small}
        template = workload("DaemonSet", agent, gpus=None, tolerations=BLANKET, nodeSelector=here)
        _asking(template["spec"]["template"]["spec"], requests={"cpu": "1500m"})
        team.create(template)
        (first,) = eventually(lambda: _bound(team, agent), "the agent to run")
        assert ("agent-evictable", agent) in called(audits.live("-n", team.name))
        serving = pod("serve", "production", nodeSelector=here)
        _asking(serving["spec"], requests={"cpu": "1", "memory": "1Mi"}, limits={GPU: "1"})
        team.create(serving)
        assert team.bound("serve")["spec"]["nodeName"] == small
        assert first not in _bound(team, agent)
    finally:
        delete_node(governed.api, small)


def _asking(spec: Json, **resources: Json) -> None:
    spec["containers"][0]["resources"] = resources


def _bound(team: Namespace, agent: str) -> list[str]:
    """Give the names of an agent's pods that have a node."""
    return [
        each["metadata"]["name"]
        for each in team.pods(f"app={agent}")
        if each["spec"].get("nodeName")
    ]


def _own(found: list[Json], team: Namespace) -> list[Json]:
    """Leave out what other tests' pods are doing meanwhile."""
    return [each for each in found if each["namespace"] in {None, team.name}]
