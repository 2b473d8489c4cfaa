"""What is sent are pods as their authors write them."""

import json
from pathlib import Path

import pytest

from benchmarks.apiserver import pods
from benchmarks.apiserver.situations import ARMS, SITUATIONS, Situation
from benchmarks.samples import Object
from benchmarks.servers import POLICIES
from webhook.watch import policies

BODIES = pods.bodies()
ALL = {name: pod for named in BODIES.values() for name, pod in named.items()}


@pytest.mark.parametrize("pod", ALL.values(), ids=ALL)
def test_nothing_is_sent_that_an_api_server_fills_in(pod: Object) -> None:
    text = json.dumps(pod)
    assert '"managedFields"' not in text
    assert '"creationTimestamp"' not in text
    assert '"priority"' not in text
    assert '"namespace"' not in text


@pytest.mark.parametrize("pod", ALL.values(), ids=ALL)
def test_no_scheduler_takes_a_pod(pod: Object) -> None:
    assert json.loads(json.dumps(pod))["spec"]["schedulerName"] == pods.SCHEDULER


def test_only_cpu_pods_ask_for_no_gpu() -> None:
    without = {name for name, pod in ALL.items() if "nvidia.com/gpu" not in json.dumps(pod["spec"])}
    assert without == {*BODIES[pods.CPU]}


def test_a_refused_pod_names_a_class_that_there_is_not() -> None:
    (pod,) = BODIES[pods.REFUSED].values()
    named = json.loads(json.dumps(pod))["metadata"]["annotations"]["gpu-class"]
    assert named not in policies.load(POLICIES).classes


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda each: each.name)
def test_every_situation_sends_pods_to_known_arms(situation: Situation) -> None:
    assert BODIES[situation.bodies]
    assert {*situation.arms} <= {*ARMS}


def test_each_body_is_a_file(tmp_path: Path) -> None:
    pods.write(tmp_path)
    written = {path.parent.name: json.loads(path.read_text()) for path in tmp_path.glob("*/*.json")}
    assert written[pods.CPU] == BODIES[pods.CPU]["cpu"]
    assert len([*tmp_path.glob("*/*.json")]) == len(ALL)
