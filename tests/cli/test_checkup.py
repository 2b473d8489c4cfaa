"""Each check of `gpuclass verify`, on objects as an API server gives them; well, and spoilt."""

import copy
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import pytest

from tests.core.given import policy as given
from tests.core.given import shipped
from webhook.cli.check import Check, Subject, Verdict
from webhook.cli.checkup import CHECKS, examine
from webhook.control.api import JSON, Api, ApiFailed, Object
from webhook.core import join
from webhook.core.policy.policy import Policy

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
OWN = "/apis/gpuclass.io/v1alpha1"
APPS = "/apis/apps/v1"
DEPLOYMENTS = f"{APPS}/namespaces/gpuclass-system/deployments"
LEASE = "/apis/coordination.k8s.io/v1/namespaces/gpuclass-system/leases/gpuclass-controller"
REGISTERED = "/apis/admissionregistration.k8s.io/v1"
MUTATING = f"{REGISTERED}/mutatingwebhookconfigurations/gpuclass"
VALIDATING = f"{REGISTERED}/validatingwebhookconfigurations/gpuclass"
PLUGINS = f"{APPS}/daemonsets?labelSelector=app.kubernetes.io/name=nvidia-device-plugin"
APPLICATIONS = "/apis/argoproj.io/v1alpha1/applications"
NODES = "/api/v1/nodes"
PODS = "/api/v1/namespaces/default/pods"
TRUE = [{"type": "Established", "status": "True"}, {"type": "Ready", "status": "True"}]

Objects = dict[str, Object]


class Answers(Api):
    """An API server that has these objects, and answers a dry run with `pod` or a failure."""

    def __init__(self, objects: Objects, pod: Object | ApiFailed) -> None:
        self._objects, self._pod = objects, pod
        self.asked: list[tuple[str, str, object]] = []

    def get(self, path: str) -> Object | None:
        """Give an object; one that says `failed` can not be had."""
        found = self._objects.get(path)
        if found and "failed" in found:
            raise ApiFailed("GET", path, found["failed"], "not for you")
        return copy.deepcopy(found)

    def send(
        self,
        method: str,
        path: str,
        body: object,
        *,
        content_type: str = JSON,
        query: Mapping[str, str] | None = None,
    ) -> Object:
        """Answer the dry run."""
        assert (method, path, content_type, query) == ("POST", PODS, JSON, {"dryRun": "All"})
        self.asked.append((method, path, body))
        if isinstance(self._pod, ApiFailed):
            raise self._pod
        return self._pod


def node(name: str = "gpu-train-1") -> Object:
    """Give a Node that is as the training pool says."""
    pool = next(each for each in shipped().pools if each.name == "training")
    said = join.registration(pool)
    return {
        "metadata": {"name": name, "labels": dict(said.labels)},
        "spec": {"taints": [dict(each) for each in said.taints]},
        "status": {"conditions": TRUE},
    }


def document(kind: str, name: str, **conditions: str) -> Object:
    """Give a document whose conditions are so: Ready="True", Degraded="False"."""
    said = [
        {"type": each, "status": status, "reason": "Why", "message": "because"}
        for each, status in conditions.items()
    ]
    return {"kind": kind, "metadata": {"name": name}, "status": {"conditions": said}}


UNCOUNTED = {"argocd.argoproj.io/ignore-healthcheck": "true"}


def healthy() -> Objects:
    """Give everything, and all of it well."""
    registered = {"webhooks": [{"name": "a", "clientConfig": {"caBundle": "QQ=="}}]}
    running = {"spec": {"replicas": 2}, "status": {"availableReplicas": 2}}
    plugin = {
        "metadata": {"namespace": "nvidia-device-plugin", "name": "plugin"},
        "status": {"desiredNumberScheduled": 2, "numberReady": 2},
    }
    application = {
        "metadata": {"namespace": "argocd", "name": "gpu-nodes"},
        "status": {"sync": {"status": "Synced"}, "health": {"status": "Healthy"}},
    }
    return {
        **{
            f"{CRDS}/{each}.gpuclass.io": {"status": {"conditions": TRUE}}
            for each in ("gpuclasses", "gpunodepools", "gpunodes", "gpupolicies")
        },
        f"{OWN}/gpunodepools": {"items": [document("GPUNodePool", "a", Ready="True")]},
        f"{OWN}/gpunodes": {"items": [document("GPUNode", "later", Ready="False")]},
        f"{DEPLOYMENTS}/gpuclass": running,
        f"{DEPLOYMENTS}/gpuclass-controller": running,
        LEASE: {"spec": {"holderIdentity": "one", "renewTime": "2026-01-02T03:04:00.000000Z"}},
        MUTATING: registered,
        VALIDATING: registered,
        NODES: {"items": [node(), {"metadata": {"name": "cpu-1"}, "spec": {}}]},
        PLUGINS: {"items": [plugin]},
        APPLICATIONS: {"items": [application]},
    }


PLACED: Object = {"metadata": {"labels": {"gpuclass.io/class": "general"}}}


def checks(
    objects: Objects, pod: Object | ApiFailed = PLACED, policy: Policy | None = None
) -> dict[str, Check]:
    """Run all checks."""
    api = Answers(objects, pod)
    subject = Subject(api=api, policy=policy or shipped(), namespace="gpuclass-system", now=NOW)
    return {each.name: each for each in examine(subject)}


def test_a_cluster_that_is_well_passes_every_check() -> None:
    found = checks(healthy())
    assert list(found) == list(CHECKS)
    assert {each.verdict for each in found.values()} == {Verdict.OK}
    assert [each.found for each in found.values()] == [
        "4 of 4 kinds are served",
        "2 documents",
        "server and controller run",
        "one leads",
        "registered",
        "a pod of class general is placed (dry run)",
        "1 GPU nodes",
        "nvidia-device-plugin/plugin runs",
        "1 Applications",
    ]


def test_what_is_not_installed_is_no_failure() -> None:
    objects = healthy()
    del objects[PLUGINS], objects[APPLICATIONS]
    found = checks(objects)
    absent = [name for name, each in found.items() if each.verdict is Verdict.ABSENT]
    assert absent == ["device-plugin", "argocd"]


def without(path: str) -> Callable[[Objects], object]:
    return lambda objects: objects.pop(path)


def put(path: str, value: Object) -> Callable[[Objects], object]:
    return lambda objects: objects.update({path: value})


BARE = {**node(), "spec": {}}
TORN = {**node(), "status": {"conditions": [{"type": "Ready", "status": "Unknown"}]}}


@pytest.mark.parametrize(
    ("name", "spoil", "details"),
    [
        pytest.param(
            "kinds",
            without(f"{CRDS}/gpunodes.gpuclass.io"),
            ["gpunodes.gpuclass.io is not"],
            id="kind",
        ),
        pytest.param(
            "documents",
            put(f"{OWN}/gpuclasses", {"items": [document("GPUClass", "x", Ready="False")]}),
            ["gpuclass/x: Why: because"],
            id="not-in-force",
        ),
        pytest.param(
            "documents",
            put(
                f"{OWN}/gpuclasses",
                {"items": [document("GPUClass", "x", Ready="True", Degraded="True")]},
            ),
            ["gpuclass/x: Why: because"],
            id="degraded",
        ),
        pytest.param(
            "documents",
            put(f"{OWN}/gpuclasses", {"items": [document("GPUClass", "x")]}),
            ["gpuclass/x: no controller has looked at it yet"],
            id="unseen",
        ),
        pytest.param(
            "programs",
            put(f"{DEPLOYMENTS}/gpuclass", {"spec": {"replicas": 2}}),
            ["gpuclass: 0 of 2 replicas are available"],
            id="server",
        ),
        pytest.param(
            "programs",
            without(f"{DEPLOYMENTS}/gpuclass-controller"),
            ["gpuclass-controller: 0 of 0 replicas are available"],
            id="controller",
        ),
        pytest.param("lease", without(LEASE), ["nobody holds it"], id="no-lease"),
        pytest.param(
            "lease",
            put(LEASE, {"spec": {"holderIdentity": "one", "renewTime": "2026-01-02T03:03:00Z"}}),
            ["one has not renewed it since 2026-01-02T03:03:00Z"],
            id="stale-lease",
        ),
        pytest.param(
            "webhooks",
            put(MUTATING, {"webhooks": [{"name": "a", "clientConfig": {}}]}),
            ["none of mutatingwebhookconfigurations is whole"],
            id="no-ca",
        ),
        pytest.param(
            "webhooks",
            without(VALIDATING),
            ["none of validatingwebhookconfigurations is whole"],
            id="unregistered",
        ),
        pytest.param(
            "nodes",
            put(NODES, {"items": [BARE]}),
            [
                "gpu-train-1: lacks the taint nvidia.com/gpu=present:NoSchedule, "
                "so CPU pods may land on it",
                "gpu-train-1: lacks the taint gpu-type=training:NoSchedule, "
                "so CPU pods may land on it",
            ],
            id="bare-node",
        ),
        pytest.param(
            "nodes", put(NODES, {"items": [TORN]}), ["gpu-train-1: not Ready"], id="torn-node"
        ),
        pytest.param(
            "device-plugin",
            put(
                PLUGINS,
                {
                    "items": [
                        {
                            "metadata": {"namespace": "n", "name": "plugin"},
                            "status": {"desiredNumberScheduled": 2, "numberReady": 1},
                        }
                    ]
                },
            ),
            ["n/plugin: 1 of 2 pods are ready"],
            id="plugin",
        ),
        pytest.param(
            "argocd",
            put(
                APPLICATIONS,
                {
                    "items": [
                        {
                            "metadata": {"namespace": "argocd", "name": "root"},
                            "status": {"sync": {"status": "OutOfSync"}},
                        },
                        {
                            "metadata": {"name": "samples", "annotations": UNCOUNTED},
                            "status": {"sync": {"status": "OutOfSync"}},
                        },
                    ]
                },
            ),
            ["argocd/root: OutOfSync, Unknown"],
            id="application",
        ),
        pytest.param(
            "nodes",
            put(NODES, {"failed": 403}),
            [],
            id="forbidden",
        ),
    ],
)
def test_what_is_wrong_fails_its_own_check_and_says_what_to_do(
    name: str, spoil: Callable[[Objects], object], details: list[str]
) -> None:
    objects = healthy()
    spoil(objects)
    found = checks(objects)
    failed = [each for each in found.values() if each.verdict is Verdict.FAILED]
    assert [each.name for each in failed] == [name]
    assert list(failed[0].details) == details
    assert failed[0].next


def test_a_right_that_is_missing_is_told() -> None:
    found = checks({**healthy(), NODES: {"failed": 403}})["nodes"]
    assert found.found == f"can not be asked: GET {NODES}: not for you"
    assert found.next == "ask with the rights of an administrator"


def test_a_node_that_two_pools_fit_alike_is_told() -> None:
    pools = "---".join(
        "\napiVersion: gpuclass.io/v1alpha1\nkind: GPUNodePool\n"
        f"metadata: {{name: {name}}}\nspec: {{selector: {{gpu: x}}}}\n"
        for name in ("one", "two")
    )
    either = {"metadata": {"name": "n", "labels": {"gpu": "x"}}, "status": {"conditions": TRUE}}
    found = checks({**healthy(), NODES: {"items": [either]}}, policy=given(pools, "mode: Warn"))[
        "nodes"
    ]
    assert found.verdict is Verdict.FAILED
    assert found.details == ("n: of pools one, two alike; add a label that tells them apart",)


def test_nobody_who_answers_ends_it() -> None:
    with pytest.raises(ApiFailed):
        checks({**healthy(), NODES: {"failed": 0}})
    with pytest.raises(ApiFailed):
        checks(healthy(), ApiFailed("POST", PODS, 0, "timed out"))


@pytest.mark.parametrize(
    ("pod", "details"),
    [
        pytest.param(
            {"metadata": {}}, ("a pod of class general came back as it was",), id="untouched"
        ),
        pytest.param(
            ApiFailed("POST", PODS, 500, 'failed calling webhook "pods.gpuclass.io": refused'),
            (f'POST {PODS}: failed calling webhook "pods.gpuclass.io": refused',),
            id="outage",
        ),
        pytest.param(
            ApiFailed("POST", PODS, 403, 'webhook "pods.gpuclass.io" denied the request: no'),
            (),
            id="refused-by-us-is-an-answer",
        ),
    ],
)
def test_the_webhooks_are_asked(pod: Object | ApiFailed, details: tuple[str, ...]) -> None:
    found = checks(healthy(), pod)["answer"]
    assert found.details == details
    assert (found.verdict is Verdict.FAILED) == bool(details)


@pytest.mark.parametrize(
    ("mode", "webhooks", "answer"),
    [
        ("Audit", "registered", "mode Audit: pods are left as they are"),
        ("Off", "mode Off: nothing is registered", "mode Off: pods are left as they are"),
    ],
)
def test_a_policy_that_changes_nothing_can_not_be_seen_to_answer(
    mode: str, webhooks: str, answer: str
) -> None:
    objects = healthy()
    if mode == "Off":
        del objects[MUTATING], objects[VALIDATING]
    found = checks(objects, policy=given(cluster=f"mode: '{mode}'"))
    assert (found["webhooks"].verdict, found["webhooks"].found) == (Verdict.OK, webhooks)
    assert (found["answer"].verdict, found["answer"].found) == (Verdict.ABSENT, answer)


def test_what_is_registered_though_the_policy_is_off_is_told() -> None:
    found = checks(healthy(), policy=given(cluster="mode: 'Off'"))["webhooks"]
    assert found.details == (
        "there is one of mutatingwebhookconfigurations",
        "there is one of validatingwebhookconfigurations",
    )


def test_a_cluster_without_a_policy_is_told() -> None:
    subject = Subject(api=Answers({}, PLACED), policy=None, namespace="gpuclass-system", now=NOW)
    found = {each.name: each for each in examine(subject)}
    (said,) = found["documents"].details
    assert said == "there is no GPUPolicy that goes together with its classes and pools"
    assert found["nodes"].verdict is Verdict.ABSENT
    assert found["answer"].found == "no policy to ask about"


def test_the_probe_asks_for_a_gpu_and_is_not_kept() -> None:
    api = Answers(healthy(), PLACED)
    examine(Subject(api=api, policy=shipped(), namespace="gpuclass-system", now=NOW))
    ((_, _, body),) = api.asked
    assert isinstance(body, dict)
    (container,) = body["spec"]["containers"]
    assert container["resources"]["limits"]["nvidia.com/gpu"] == "1"
    assert body["metadata"]["annotations"] == {"gpu-class": "general"}
