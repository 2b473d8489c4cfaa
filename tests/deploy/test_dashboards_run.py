"""Every panel on a real Prometheus, against what is really exported.

gpuclass, API server, scheduler, pods and nodes are real. kube-state-metrics and NVIDIA's exporter
are stood in for, by the names and labels of their sources (`exported.yaml`).
"""

import math
import re
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests.cluster.api import ApiError, Json
from tests.cluster.binaries import Binaries
from tests.cluster.components import LOOPBACK
from tests.cluster.controlplane import ControlPlane
from tests.cluster.installed import CONTROLLER, SERVER, Installed
from tests.cluster.shipped import POLICIES
from tests.cluster.simulation import NODES, PODS, PodRunner, create_pool
from tests.cluster.test_monitoring import of_apiserver
from tests.cluster.waiting import eventually
from tests.deploy.dashboards import BOARDS
from tests.deploy.dashboards.asking import Question, questions
from tests.deploy.dashboards.boards import Board
from tests.deploy.exposed import exposed
from tests.deploy.monitoring import rule_files
from tests.deploy.prometheus import Prometheus
from tests.deploy.prometheus_server import Job, PrometheusServer, promtool
from tests.deploy.promql import exported
from tests.deploy.stand_ins import Card, cards, dcgm_exporter, kube_state_metrics
from tests.exposition import bounds, strays
from webhook.control import measures as controlling
from webhook.process.metrics import Row
from webhook.serve import measures as serving
from webhook.watch import measures as watching
from webhook.watch import policies

pytestmark = pytest.mark.cluster

FLAGS = ("--audit-every=2s", "--lease-seconds=120", "--renew-seconds=90")
"""The lease is no matter here: on a busy machine a leader may renew it too late, and would end."""
TEAM = "team-a"
LOADS = {"busy": 0.8}
"""How busy pods keep their GPUs; the others do nothing with them."""
POLICY = "/apis/gpuclass.io/v1alpha1/gpupolicies/cluster"
CLASSES = "/apis/gpuclass.io/v1alpha1/gpuclasses"
MUTATING = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/gpuclass"
MERGE_PATCH = "application/merge-patch+json"
LOST = 'error_type!="no_error"'


def pod(name: str, gpus: int, **spec: object) -> Json:
    limits = {"nvidia.com/gpu": str(gpus)} if gpus else {}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": TEAM, "annotations": {"gpu-class": "training"}},
        "spec": {
            "containers": [{"name": "c", "image": "x", "resources": {"limits": limits}}],
            **spec,
        },
    }


@dataclass(frozen=True, slots=True)
class Cluster:
    """A governed cluster in which somebody works, and what its exporters show."""

    plane: ControlPlane
    installed: Installed

    def create(self, manifest: Json) -> None:
        """Create a pod."""
        self.plane.api.request("POST", f"/api/v1/namespaces/{TEAM}/pods", manifest)

    def refused(self, manifest: Json) -> None:
        """Have a pod refused."""
        with pytest.raises(ApiError):
            self.create(manifest)

    def another_class(self, name: str) -> None:
        """Write a class like the shipped one for training."""
        shipped = self.plane.api.request("GET", f"{CLASSES}/training")
        kept = {key: shipped[key] for key in ("apiVersion", "kind", "spec")}
        self.plane.api.request("POST", CLASSES, {**kept, "metadata": {"name": name}})

    def items(self, path: str) -> list[Json]:
        """List a collection."""
        found: list[Json] = self.plane.api.request("GET", path)["items"]
        return found

    def cards(self) -> list[Card]:
        """Give every GPU there is."""
        return list(cards(self.items(PODS), self.items(NODES)))

    def kube_state_metrics(self) -> str:
        """Give what it would show."""
        return kube_state_metrics(self.items(PODS), self.items(NODES))

    def dcgm_exporter(self) -> str:
        """Give what those of all nodes would show."""
        return dcgm_exporter(self.cards(), LOADS)

    def holds(self, name: str) -> bool:
        """Tell whether a pod has a GPU."""
        return any(card.pod == name for card in self.cards())


def work(cluster: Cluster) -> None:
    """Have pods that run, do nothing and wait, and some that are refused or audited."""
    api = cluster.plane.api
    api.request("PATCH", POLICY, {"spec": {"rules": {"requests": "Audit"}}}, MERGE_PATCH)
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": TEAM}}
    api.request("POST", "/api/v1/namespaces", namespace)
    eventually(lambda: _has_account(cluster), "the namespace's ServiceAccount")
    cluster.create(pod("busy", 2))
    cluster.create(pod("idle", 2))
    cluster.create(pod("waits", 64))
    for each in ("busy", "idle"):
        eventually(lambda each=each: cluster.holds(each), f"{each} to run")  # type: ignore[misc]
    refuse(cluster)


def refuse(cluster: Cluster) -> None:
    """Have a GPU pod of the class refused, and a CPU pod that aims at its nodes."""
    cluster.refused(pod("a", 1, nodeName="training-1"))
    cluster.refused(pod("a", 0, nodeSelector={"gpu-type": "training"}))


def _has_account(cluster: Cluster) -> bool:
    with suppress(ApiError):
        path = f"/api/v1/namespaces/{TEAM}/serviceaccounts/default"
        return bool(cluster.plane.api.request("GET", path))
    return False


def trouble(cluster: Cluster, server: PrometheusServer) -> None:
    """Have calls lost and let in, twice each, since no rate shows the first; then work goes on."""
    cluster.installed.kill(SERVER)
    for count in (1, 2):
        cluster.refused(pod("lost", 1))
        cluster.another_class(f"another-{count}")
        for each in ("rejection_count", "fail_open_count"):
            query = f"sum(apiserver_admission_webhook_{each}{{{LOST}}}) >= {count}"
            eventually(lambda query=query: server.query(query), query)  # type: ignore[misc]
    cluster.installed.restart(SERVER)
    cluster.plane.api.request("DELETE", MUTATING)
    eventually(cluster.installed.is_registered, "the controller to repair it")
    eventually(cluster.installed.is_governed, "pods to be governed again")
    cluster.create(pod("later", 1))
    refuse(cluster)


def history(found: list[Card]) -> str:
    """Give two hours in which no GPU did anything, as the rules would have recorded them."""
    now = int(time.time())
    lines = ["# TYPE gpuclass:gpu:busy_ratio gauge"]
    for card in found:
        labels = {
            "node": card.node,
            "UUID": card.uuid,
            "namespace": card.namespace,
            "pod": card.pod,
        }
        told = ",".join(f'{key}="{value}"' for key, value in labels.items() if value)
        lines += [
            f"gpuclass:gpu:busy_ratio{{{told}}} 0 {at}" for at in range(now - 7200, now - 60, 60)
        ]
    return "\n".join([*lines, "# EOF", ""])


@pytest.fixture(scope="module")
def cluster(binaries: Binaries) -> Iterator[Cluster]:
    with ExitStack() as opened:
        plane = opened.enter_context(ControlPlane(binaries))
        for each in ("training", "production", "worker"):
            create_pool(plane.api, each)
        opened.enter_context(PodRunner(plane.api))
        found = Cluster(plane, opened.enter_context(Installed(plane, FLAGS)))
        work(found)
        yield found


@pytest.fixture(scope="module")
def observed(cluster: Cluster, prometheus: Prometheus) -> Iterator[PrometheusServer]:
    """Give Prometheus, which sees the cluster; it remembers what the idle GPUs did not do."""
    stand_ins = (cluster.kube_state_metrics, cluster.dcgm_exporter)
    with ExitStack() as opened:
        jobs: dict[str, Job] = {
            "apiserver": of_apiserver(cluster.plane),
            "kube-scheduler": of_scheduler(cluster.plane),
        }
        jobs |= {name: cluster.installed.metrics_port(name) for name in (SERVER, CONTROLLER)}
        jobs |= {each.__name__: opened.enter_context(exposed(each)) for each in stand_ins}
        idle = [each for each in cluster.cards() if each.pod not in LOADS]
        server = PrometheusServer(prometheus, jobs, rules(), history(idle))
        opened.enter_context(server)
        eventually(lambda: not any(server.errors().values()), "every target to be scraped")
        trouble(cluster, server)
        yield server


def of_scheduler(plane: ControlPlane) -> Job:
    """Scrape the scheduler as the API server's administrator."""
    apiserver = of_apiserver(plane)
    assert not isinstance(apiserver, int)
    targets = [f"{LOOPBACK}:{plane.scheduler_port}"]
    return {**apiserver, "static_configs": [{"targets": targets}]}


def rules() -> list[Json]:
    """Give the rule files; what is recorded every five minutes is as often as the rest."""
    found: list[Json] = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in rule_files()]
    for file in found:
        for group in file["groups"]:
            group.pop("interval", None)
    return found


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.uid)
def test_every_panel_has_data(board: Board, cluster: Cluster, observed: PrometheusServer) -> None:
    left = questions(board)

    def all_are_answered() -> bool:
        cluster.installed.probe()
        left[:] = [each for each in left if not is_answered(observed, each)]
        return not left

    with suppress(AssertionError):
        eventually(all_are_answered, "every panel to have data")
    assert [str(each) for each in left] == []


def is_answered(server: PrometheusServer, question: Question) -> bool:
    """Tell whether there is a figure; what is no number is none."""
    return any(not math.isnan(each.value) for each in server.query(question.expr))


def test_the_idle_pod_is_found_and_the_busy_one_is_not(
    observed: PrometheusServer,
) -> None:
    query = "gpuclass:pod_gpus:idle"
    found = eventually(lambda: observed.query(query), "idle GPUs")
    assert {each.labels["pod"]: each.value for each in found} == {"idle": 2}


def test_lost_reviews_are_counted_and_alerted_of(observed: PrometheusServer) -> None:
    expression = "gpuclass:reviews_lost:rate5m > 0"
    assert eventually(lambda: observed.query(expression), "lost reviews")
    alert = 'ALERTS{alertname="GpuclassReviewsLost", severity="critical"}'
    assert eventually(lambda: observed.query(alert), "the alert to be pending at least")


@pytest.mark.parametrize("exporter", ["kube_state_metrics", "dcgm_exporter"])
def test_a_stand_in_shows_what_its_original_is_listed_with(cluster: Cluster, exporter: str) -> None:
    known = exported()
    families = text_string_to_metric_families(getattr(cluster, exporter)())
    samples = [sample for family in families for sample in family.samples]
    assert {each.name for each in samples} <= set(known)
    strange = {
        (each.name, label) for each in samples for label in {*each.labels} - known[each.name]
    }
    assert (strange, len(samples) > 10) == (set(), True)


@pytest.mark.parametrize(
    ("program", "rows"),
    [(SERVER, (*serving.ROWS, *watching.ROWS)), (CONTROLLER, controlling.ROWS)],
    ids=[SERVER, CONTROLLER],
)
def test_a_program_shows_what_its_table_tells_and_promtool_finds_no_fault(
    cluster: Cluster, prometheus: Prometheus, program: str, rows: tuple[Row[Any], ...]
) -> None:
    """After all that it went through here, with nodes, pods and findings."""
    text = cluster.installed.exposition(program)
    answer = promtool(prometheus, "check", "metrics", text=text)
    assert (answer.returncode, answer.stderr) == (0, "")
    written = {each["metadata"]["name"] for each in cluster.items(CLASSES)}
    named = {each["metadata"]["name"] for each in cluster.items(NODES)}
    revisions = set(re.findall(r'gpuclass_policy_info{revision="(\w+)"}', text))
    assert len(revisions) == (program == SERVER)
    shipped = bounds(policies.load(POLICIES))
    among = {**shipped, "class": {"", *written}, "node": named, "revision": revisions}
    assert strays(text, rows, among) == []
