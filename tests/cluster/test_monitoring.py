"""The rules of deploy/monitoring in a real Prometheus that scrapes server, controller, API server.

Alerts fire as in production, but at once (without `for`). What the pages say to ask is asked.
"""

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

from tests.cluster.access import clean_environment
from tests.cluster.api import MERGE_PATCH, ApiError, Json
from tests.cluster.binaries import Binaries
from tests.cluster.controlplane import ControlPlane
from tests.cluster.installed import CONTROLLER, SERVER, Installed
from tests.cluster.simulation import NODES, create_pool
from tests.cluster.waiting import eventually
from tests.deploy.conftest import prometheus
from tests.deploy.monitoring import ROOT, RULES, rule_files
from tests.deploy.prometheus import Prometheus
from tests.deploy.prometheus_server import Job, PrometheusServer, Rules
from tests.deploy.promql import exported, metrics_of

__all__ = ["prometheus"]

pytestmark = pytest.mark.cluster

FILES = [RULES / f"{name}.rules.yaml" for name in ("gpus", "alerts")]
FLAGS = ("--settle=1s", "--leaf-life=10d", "--audit-every=2s")
"""A leaf that is near its end from the first day."""
BUDGETS = {"GpuclassReviewsLost", "GpuclassReviewsSlow", "GpuclassNotReady"}
ENDING = "GpuclassCertificateEnding"
REFUSALS = 25
"""More than an alert overlooks."""

CLASS = "/apis/gpuclass.io/v1alpha1/gpuclasses/training"
PODS = "/api/v1/namespaces/default/pods"
GPU_POD: Json = {
    "metadata": {"generateName": "train-", "annotations": {"gpu-class": "training"}},
    "spec": {
        "containers": [
            {"name": "c", "image": "x", "resources": {"limits": {"nvidia.com/gpu": "1"}}}
        ]
    },
}
AIMS_AT_GPUS: Json = {
    "metadata": {"generateName": "web-"},
    "spec": {"containers": [{"name": "c", "image": "x"}], "nodeSelector": {"gpu-type": "training"}},
}

PAGES = sorted((ROOT / "docs" / "runbooks").glob("*.md"))
ASKED = re.compile(r"^    (kubectl (?:get|describe|auth|run) .*|gpuclass .*)$", re.MULTILINE)
"""Of the pages' commands those that need no kubelet; they change nothing."""
QUERY = re.compile(r"^    (?!kubectl|gpuclass )(\S.*)$", re.MULTILINE)
NAMES = {"NODE": "training-1", "NAME": "gpu-policies"}
ABSENT = re.compile(r"applications\.argoproj\.io")
"""Kinds that this cluster has not."""


@dataclass(frozen=True, slots=True)
class Watched:
    """A governed cluster with a GPU node, and the Prometheus that watches it."""

    plane: ControlPlane
    installed: Installed
    prometheus: PrometheusServer

    def refused(self, pod: Json) -> str:
        with pytest.raises(ApiError) as caught:
            self.plane.api.request("POST", PODS, pod)
        return str(caught.value)

    def fires(self, alert: str) -> None:
        eventually(lambda: alert in self.prometheus.firing(), f"{alert} to fire")

    def ends(self, alert: str) -> None:
        eventually(lambda: alert not in self.prometheus.firing(), f"{alert} to end")


def impatient(path: Path) -> Rules:
    """Give a rule file whose alerts do not wait.

    Those that go by what was promised for a month are left out: they would judge this machine.
    """
    rules: Rules = yaml.safe_load(path.read_text(encoding="utf-8"))
    for group in rules["groups"]:
        group["rules"] = [each for each in group["rules"] if each.get("alert") not in BUDGETS]
        for rule in group["rules"]:
            rule.pop("for", None)
    return rules


def of_apiserver(plane: ControlPlane) -> Job:
    """Scrape the API server as its administrator."""
    client = plane.client().configuration
    return {
        "scheme": "https",
        "tls_config": {
            "ca_file": str(client.ssl_ca_cert),
            "cert_file": str(client.cert_file),
            "key_file": str(client.key_file),
        },
        "static_configs": [{"targets": [urlsplit(plane.server).netloc]}],
    }


@pytest.fixture(scope="module")
def watched(binaries: Binaries, prometheus: Prometheus) -> Iterator[Watched]:
    with ControlPlane(binaries) as plane, Installed(plane, FLAGS) as installed:
        create_pool(plane.api, "training")
        jobs: dict[str, Job] = {
            "gpuclass": installed.metrics_port(SERVER),
            "gpuclass-controller": installed.metrics_port(CONTROLLER),
            "apiserver": of_apiserver(plane),
        }
        with PrometheusServer(prometheus, jobs, [*map(impatient, FILES)]) as running:
            yield Watched(plane, installed, running)


def test_of_a_healthy_cluster_only_a_short_lived_certificate_is_said(watched: Watched) -> None:
    eventually(lambda: set(watched.prometheus.errors().values()) == {""}, "every target to answer")
    eventually(lambda: watched.prometheus.firing() == {ENDING}, "that alert alone")


def test_it_is_known_when_each_certificate_ends(watched: Watched) -> None:
    left = eventually(lambda: whole(days_left(watched)), "all three certificates")
    assert 9 < left["served"] <= 10
    assert 9 < left["leaf"] <= 10
    assert left["ca"] > 3000


def days_left(watched: Watched) -> dict[str, float]:
    samples = watched.prometheus.query("gpuclass:certificate:seconds_left")
    return {each.labels.get("certificate", "served"): each.value / 86400 for each in samples}


def whole(left: dict[str, float]) -> dict[str, float]:
    """Give them if none is missing: a scrape may have come too late."""
    return left if set(left) == {"served", "leaf", "ca"} else {}


def test_the_rules_for_any_prometheus_are_applied_as_the_page_says(watched: Watched) -> None:
    kubectl = watched.plane.kubectl
    kubectl("create", "namespace", "monitoring")
    kubectl("apply", "--server-side", "-k", str(ROOT / "deploy" / "monitoring" / "plain"))
    found = kubectl("get", "configmap", "gpuclass-rules", "-n", "monitoring", "-o", "json").stdout
    files = json.loads(found)["data"]
    assert files == {path.name: path.read_text(encoding="utf-8") for path in rule_files()}


def test_the_pool_of_a_node_is_known(watched: Watched) -> None:
    found = eventually(lambda: watched.prometheus.query("gpuclass:node_pool:info"), "the pool")
    assert [(each.labels["pool"], each.labels["node"]) for each in found] == [
        ("training", "training-1")
    ]


def test_a_node_that_loses_its_taint_is_said(watched: Watched) -> None:
    node = f"{NODES}/training-1"
    taints = watched.plane.api.request("GET", node)["spec"]["taints"]
    watched.plane.api.request("PATCH", node, {"spec": {"taints": []}}, MERGE_PATCH)
    watched.fires("GPUNodeUnguarded")
    watched.plane.api.request("PATCH", node, {"spec": {"taints": taints}}, MERGE_PATCH)
    watched.ends("GPUNodeUnguarded")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_what_a_page_says_to_ask_can_be_asked(watched: Watched, page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for command in ASKED.findall(text):
        said = fault_of(command, watched.plane.kubectl_path, watched.plane.kubeconfig)
        assert not said or is_of_what_is_absent(command, said), (command, said)
    for query in QUERY.findall(text):
        assert metrics_of(query)
        watched.prometheus.query(query)


@cache
def fault_of(command: str, kubectl: Path, kubeconfig: Path) -> str:
    """Run a command of the pages once and give what it complains of; empty: nothing."""
    for placeholder, name in NAMES.items():
        command = re.sub(rf"\b{placeholder}\b", name, command)
    program, *arguments = shlex.split(command)
    place = kubectl if program == "kubectl" else Path(sys.executable).with_name(program)
    answer = subprocess.run(
        [str(place), *arguments],
        capture_output=True,
        text=True,
        env={
            **clean_environment(),
            "HOME": str(kubeconfig.parent),
            "KUBECONFIG": str(kubeconfig),
        },
        timeout=600,
        check=False,
    )
    return answer.stderr or answer.stdout if answer.returncode else ""


def is_of_what_is_absent(command: str, said: str) -> bool:
    """Tell whether a command failed for want of a kind, or of an object, that is not here."""
    return bool(ABSENT.search(command)) or "NotFound" in said


def test_a_workload_that_is_refused_again_and_again_is_said(watched: Watched) -> None:
    def refuse() -> bool:
        assert "gpu-type" in watched.refused(AIMS_AT_GPUS)
        return "GpuclassRefusingMuch" in watched.prometheus.firing()

    for _ in range(REFUSALS):
        refuse()
    eventually(refuse, "GpuclassRefusingMuch to fire")


def test_a_server_that_is_gone_is_said_from_both_sides(watched: Watched) -> None:
    watched.installed.kill(SERVER)
    try:
        watched.fires("GpuclassDown")

        def ask() -> bool:
            assert "failed calling webhook" in watched.refused(GPU_POD)
            return "GpuclassUnreachable" in watched.prometheus.firing()

        eventually(ask, "GpuclassUnreachable to fire")
        # A document is let in unasked, which is meant: no alert.
        change = {"spec": {"allowedNamespaces": ["*", "team-a"]}}
        watched.plane.api.request("PATCH", CLASS, change, MERGE_PATCH)
        opened = "apiserver_admission_webhook_fail_open_count"
        eventually(lambda: watched.prometheus.query(opened), "an entry that failed open")
        assert "GpuclassFailOpen" not in watched.prometheus.firing()
    finally:
        watched.installed.restart(SERVER)
    watched.ends("GpuclassDown")


def test_the_api_server_exports_what_is_listed_of_it(watched: Watched) -> None:
    of_apiserver = ("apiserver_", "kubernetes_build_info")
    for name, labels in exported().items():
        if name.startswith(of_apiserver):
            found = eventually(lambda name=name: watched.prometheus.query(name), name)  # type: ignore[misc]
            for each in found:
                assert {*each.labels} - {"__name__", "instance", "job"} <= labels, name


def test_nobody_leads_when_the_controller_is_gone(watched: Watched) -> None:
    watched.installed.kill(CONTROLLER)
    watched.fires("GpuclassControllerDown")
