"""The manifests of deploy/base, compared with the code's constants."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

import webhook
from tests.cli.shipped import policy
from webhook.cli import certs
from webhook.control import settings as controller_settings
from webhook.control.leases import NAME as LEASE
from webhook.core import registration
from webhook.core.names import API_GROUP
from webhook.process.settings import Address, variable
from webhook.serve import settings
from webhook.watch import census

BASE = Path(__file__).parents[2] / "deploy" / "base"
SERVER, CONTROLLER = "gpuclass", "gpuclass-controller"
PROGRAMS = {SERVER: "admission", CONTROLLER: "controller"}
"""Deployments, and the component that their labels name."""
CERTS, TMP = "/etc/gpuclass/certs", "/tmp"  # noqa: S108

Json = dict[str, Any]
Right = tuple[str, str, tuple[str, ...]]
"""Group, resource, and names (none: every object)."""

each_program = pytest.mark.parametrize("program", PROGRAMS)


def labels(program: str) -> dict[str, str]:
    return {
        "app.kubernetes.io/name": "gpuclass",
        "app.kubernetes.io/component": PROGRAMS[program],
        "app.kubernetes.io/part-of": "gpuclass",
    }


def selector(program: str) -> dict[str, str]:
    return {key: value for key, value in labels(program).items() if not key.endswith("part-of")}


@cache
def documents() -> dict[tuple[str, str], Json]:
    """Give every object by kind and name; kustomize's own file is none."""
    files = [each for each in BASE.glob("*.yaml") if each.name != "kustomization.yaml"]
    found = [each for file in files for each in yaml.safe_load_all(file.read_text("utf-8"))]
    return {(each["kind"], each["metadata"]["name"]): each for each in found}


def document(kind: str, name: str = SERVER) -> Json:
    return documents()[kind, name]


def pod_spec(program: str = SERVER) -> Json:
    found: Json = document("Deployment", program)["spec"]["template"]["spec"]
    return found


def container(program: str = SERVER) -> Json:
    (found,) = pod_spec(program)["containers"]
    made: Json = found
    return made


def flags(program: str, command: str) -> dict[str, object]:
    """Give the flags of a container's arguments, which begin with a command."""
    first, *others = container(program)["args"]
    assert first == command
    pairs = (each.removeprefix("--").split("=", 1) for each in others)
    return {name.replace("-", "_"): value for name, value in pairs}


def test_no_webhook_configuration_is_in_git() -> None:
    assert not {kind for kind, _ in documents()} & set(registration.ENTRIES)


def test_the_service_leads_to_the_server() -> None:
    service = document("Service")
    ports = {each["name"]: each for each in service["spec"]["ports"]}
    assert service["metadata"]["name"] == registration.NAME
    assert ports["https"]["port"] == registration.SERVICE_PORT
    assert ports["metrics"]["port"] == registration.METRICS_PORT
    assert all(each["targetPort"] == name for name, each in ports.items())
    assert {each["name"]: each["containerPort"] for each in container()["ports"]} == {
        "https": registration.SERVE_PORT,
        "metrics": registration.METRICS_PORT,
    }


def test_the_server_is_told_what_the_manifests_say() -> None:
    given = settings.read(flags(SERVER, "serve"), {})
    assert given.bind == Address(host="0.0.0.0", port=registration.SERVE_PORT)  # noqa: S104 - in a pod
    assert given.metrics_bind.port == registration.METRICS_PORT
    assert (given.policies, str(given.certs)) == (None, CERTS)


def test_the_controller_is_told_what_the_manifests_say() -> None:
    given = controller_settings.read(flags(CONTROLLER, "controller"), {})
    (port,) = container(CONTROLLER)["ports"]
    assert given.metrics_bind == Address(host="0.0.0.0", port=port["containerPort"])  # noqa: S104 - in a pod
    assert given.namespace == document("Namespace", registration.NAMESPACE)["metadata"]["name"]
    assert given.service_port == registration.SERVICE_PORT
    assert pod_spec(CONTROLLER)["terminationGracePeriodSeconds"] > 10


def test_the_controller_is_told_where_it_is() -> None:
    place = {"fieldRef": {"fieldPath": "metadata.namespace"}}
    assert container(CONTROLLER)["env"] == [{"name": variable("namespace"), "valueFrom": place}]


def test_what_is_mounted_is_what_is_read() -> None:
    places = {each["name"]: each["mountPath"] for each in container()["volumeMounts"]}
    assert places == {"certs": CERTS, "tmp": TMP}
    volumes = {each["name"]: each for each in pod_spec()["volumes"]}
    assert volumes["certs"]["secret"]["secretName"] == certs.SECRET_NAME
    assert volumes["tmp"]["emptyDir"]["medium"] == "Memory"


def selectors(program: str) -> Iterator[Json]:
    yield document("Deployment", program)["spec"]["selector"]["matchLabels"]
    yield document("PodDisruptionBudget", program)["spec"]["selector"]["matchLabels"]
    yield document("NetworkPolicy", program)["spec"]["podSelector"]["matchLabels"]
    for each in pod_spec(program)["topologySpreadConstraints"]:
        yield each["labelSelector"]["matchLabels"]
    (term,) = pod_spec(program)["affinity"]["podAntiAffinity"][
        "preferredDuringSchedulingIgnoredDuringExecution"
    ]
    yield term["podAffinityTerm"]["labelSelector"]["matchLabels"]


@each_program
def test_selectors_are_of_the_labels_that_pods_have(program: str) -> None:
    assert all(each == selector(program) for each in selectors(program))
    found = document("Deployment", program)["spec"]["template"]["metadata"]["labels"]
    assert found == labels(program)
    assert document("Service")["spec"]["selector"] == selector(SERVER)


@each_program
def test_the_image_is_of_this_version_and_of_no_registry(program: str) -> None:
    assert container(program)["image"] == f"gpuclass:{webhook.__version__}"


@each_program
def test_our_pods_stay_off_every_gpu_pool_and_off_simulated_nodes(program: str) -> None:
    (term,) = pod_spec(program)["affinity"]["nodeAffinity"][
        "requiredDuringSchedulingIgnoredDuringExecution"
    ]["nodeSelectorTerms"]
    found = {
        each["key"]: (each["operator"], set(each["values"])) for each in term["matchExpressions"]
    }
    steering = {each.key: (each.operator, set(each.values or ())) for each in policy().steering}
    assert found == steering | {
        "kubernetes.io/os": ("In", {"linux"}),
        "type": ("NotIn", {"kwok", "virtual-kubelet"}),
    }


def test_a_rollout_loses_no_replica() -> None:
    spec = document("Deployment")["spec"]
    assert spec["replicas"] >= 2
    assert spec["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}
    assert spec["minReadySeconds"] > 0
    pause = container()["lifecycle"]["preStop"]["sleep"]["seconds"]
    drain = settings.Settings().drain_seconds
    longest = registration.render(policy())[0]["webhooks"][0]["timeoutSeconds"]  # type: ignore[index,call-overload]
    assert pause >= 10
    assert pod_spec()["terminationGracePeriodSeconds"] > pause + drain + longest


@each_program
def test_one_replica_stays(program: str) -> None:
    assert document("Deployment", program)["spec"]["replicas"] >= 2
    assert document("PodDisruptionBudget", program)["spec"]["minAvailable"] == 1


@each_program
def test_probes_are_plain_and_ask_what_the_program_answers(program: str) -> None:
    probes = {
        name: container(program)[f"{name}Probe"]["httpGet"]
        for name in ("startup", "liveness", "readiness")
    }
    assert {name: each["path"] for name, each in probes.items()} == {
        "startup": "/livez",
        "liveness": "/livez",
        "readiness": "/readyz",
    }
    assert {(each["port"], each["scheme"]) for each in probes.values()} == {("metrics", "HTTP")}


@each_program
def test_the_container_can_do_nothing_but_its_work(program: str) -> None:
    assert container(program)["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    pod = pod_spec(program)["securityContext"]
    assert pod["runAsNonRoot"]
    assert pod["runAsUser"] > 0
    assert pod["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod_spec(program)["enableServiceLinks"] is False


@each_program
def test_only_our_pods_get_the_token_of_an_account(program: str) -> None:
    assert pod_spec(program)["serviceAccountName"] == program
    assert pod_spec(program)["automountServiceAccountToken"] is True
    assert document("ServiceAccount", program)["automountServiceAccountToken"] is False


@each_program
def test_a_quota_admits_the_priority_that_the_pods_have(program: str) -> None:
    quota = document("ResourceQuota", "gpuclass-critical-pods")
    (scope,) = quota["spec"]["scopeSelector"]["matchExpressions"]
    assert scope["values"] == [pod_spec(program)["priorityClassName"]]


@pytest.mark.parametrize(
    ("program", "ports"),
    [
        (SERVER, {registration.SERVE_PORT, registration.METRICS_PORT}),
        (CONTROLLER, {registration.METRICS_PORT}),
    ],
)
def test_the_network_lets_in_the_ports_that_are_served(program: str, ports: set[int]) -> None:
    spec = document("NetworkPolicy", program)["spec"]
    (ingress,) = spec["ingress"]
    assert {each["port"] for each in ingress["ports"]} == ports
    assert {each["containerPort"] for each in container(program)["ports"]} == ports
    assert "from" not in ingress
    assert spec["policyTypes"] == ["Ingress", "Egress"]


def test_the_controller_reaches_the_server_and_both_the_api_server() -> None:
    asks = {443, 6443}
    (rule,) = document("NetworkPolicy", SERVER)["spec"]["egress"]
    assert {each["port"] for each in rule["ports"]} == asks
    first, second, third = document("NetworkPolicy", CONTROLLER)["spec"]["egress"]
    assert {each["port"] for each in first["ports"]} == asks
    assert second["to"] == [{"podSelector": {"matchLabels": selector(SERVER)}}]
    assert [each["port"] for each in second["ports"]] == [registration.SERVE_PORT]
    assert {each["port"] for each in third["ports"]} == {53}


def rights(kind: str, name: str) -> dict[tuple[str, str, tuple[str, ...]], set[str]]:
    """Give the verbs of a role by group, resource and the names that they are for."""
    return {
        (group, resource, tuple(rule.get("resourceNames", ()))): set(rule["verbs"])
        for rule in document(kind, name)["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
    }


KINDS = ("gpunodepools", "gpunodes", "gpuclasses", "gpupolicies")
CONFIGURATIONS = ("mutatingwebhookconfigurations", "validatingwebhookconfigurations")
PRIORITIES = ("scheduling.k8s.io", "priorityclasses", ())
FOLLOW = {"list", "watch"}
READ = {"get", *FOLLOW}


def test_the_controller_may_do_what_it_does_and_no_more() -> None:
    admission, names = "admissionregistration.k8s.io", (registration.NAME,)
    expected: dict[Right, set[str]] = {(API_GROUP, kind, ()): FOLLOW for kind in KINDS}
    expected |= {(API_GROUP, f"{kind}/status", ()): {"patch"} for kind in KINDS}
    expected |= {("", kind, ()): FOLLOW for kind in ("namespaces", "pods")}
    expected["", "nodes", ()] = READ | {"patch"}
    expected[("resource.k8s.io", "deviceclasses", ())] = FOLLOW
    expected[PRIORITIES] = FOLLOW
    audited = {_named(each.path): {"list"} for each in census.RESOURCES}
    expected = audited | expected
    found = rights("ClusterRole", CONTROLLER)
    for kind in CONFIGURATIONS:
        assert found.pop((admission, kind, names)) == READ | {"patch", "delete"}
        assert found.pop((admission, kind, ())) == {"create"}
    assert found == expected
    ours = (certs.SECRET_NAME, "gpuclass-ca")
    assert rights("Role", CONTROLLER) == {
        ("", "namespaces", ()): {"get"},
        ("", "secrets", ours): READ | {"patch", "delete"},
        ("", "secrets", ()): {"create"},
        ("coordination.k8s.io", "leases", (LEASE,)): {"get", "update"},
        ("coordination.k8s.io", "leases", ()): {"create"},
        ("events.k8s.io", "events", ()): {"create"},
    }
    assert rights("Role", "gpuclass-controller-events") == {
        ("events.k8s.io", "events", ()): {"create"}
    }


def _named(path: str) -> Right:
    """Give group and resource of a path; the core group has no name."""
    *_, group, _, resource = path.split("/")
    return ("" if group == "api" else group), resource, ()


@pytest.mark.parametrize(
    ("kind", "name", "namespace"),
    [
        ("ClusterRole", CONTROLLER, None),
        ("Role", CONTROLLER, registration.NAMESPACE),
        ("Role", "gpuclass-controller-events", "default"),
    ],
)
def test_the_controllers_roles_are_bound_to_its_account(
    kind: str, name: str, namespace: str | None
) -> None:
    binding = document(f"{kind}Binding", name)
    assert binding["metadata"].get("namespace") == namespace
    assert document(kind, name)["metadata"].get("namespace") == namespace
    assert (binding["roleRef"]["kind"], binding["roleRef"]["name"]) == (kind, name)
    assert binding["subjects"] == [
        {"kind": "ServiceAccount", "name": CONTROLLER, "namespace": registration.NAMESPACE}
    ]
