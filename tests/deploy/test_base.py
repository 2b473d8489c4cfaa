"""The manifests of deploy/base, compared with the code's constants."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

import webhook
from tests.cli.shipped import policy
from webhook.cli import certs
from webhook.core import registration
from webhook.serve import settings

BASE = Path(__file__).parents[2] / "deploy" / "base"
LABELS = {
    "app.kubernetes.io/name": "gpuclass",
    "app.kubernetes.io/component": "admission",
    "app.kubernetes.io/part-of": "gpuclass",
}
SELECTOR = {key: LABELS[key] for key in LABELS if not key.endswith("part-of")}
CERTS, FOLDER, TMP = "/etc/gpuclass/certs", "/etc/gpuclass/policies", "/tmp"  # noqa: S108

Json = dict[str, Any]


@cache
def document(name: str) -> Json:
    found: Json = yaml.safe_load((BASE / f"{name}.yaml").read_text(encoding="utf-8"))
    return found


def pod_spec() -> Json:
    found: Json = document("deployment")["spec"]["template"]["spec"]
    return found


def container() -> Json:
    (found,) = pod_spec()["containers"]
    made: Json = found
    return made


def told() -> settings.Settings:
    """Give what the server makes of the container's arguments."""
    command, *flags = container()["args"]
    assert command == "serve"
    pairs = (each.removeprefix("--").split("=", 1) for each in flags)
    return settings.read({name.replace("-", "_"): value for name, value in pairs}, {})


def test_the_registration_is_what_the_policies_call_for() -> None:
    text = (BASE / "webhooks.yaml").read_text(encoding="utf-8")
    assert tuple(yaml.safe_load_all(text)) == registration.render(policy()), "run `make render`"


def test_no_ca_bundle_is_in_git() -> None:
    assert "caBundle" not in (BASE / "webhooks.yaml").read_text(encoding="utf-8")


def test_the_service_leads_to_the_server() -> None:
    service = document("service")
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
    given = told()
    assert (given.bind.host, given.bind.port) == ("0.0.0.0", registration.SERVE_PORT)  # noqa: S104 - in a pod
    assert given.metrics_bind.port == registration.METRICS_PORT
    assert (str(given.policies), str(given.certs)) == (FOLDER, CERTS)


def test_what_is_mounted_is_what_is_read() -> None:
    places = {each["name"]: each["mountPath"] for each in container()["volumeMounts"]}
    assert places == {"policies": FOLDER, "certs": CERTS, "tmp": TMP}
    volumes = {each["name"]: each for each in pod_spec()["volumes"]}
    assert volumes["policies"]["configMap"]["name"] == "gpuclass-policies"
    assert volumes["certs"]["secret"]["secretName"] == certs.SECRET_NAME
    assert volumes["tmp"]["emptyDir"]["medium"] == "Memory"


def selectors() -> Iterator[Json]:
    yield document("service")["spec"]["selector"]
    yield document("deployment")["spec"]["selector"]["matchLabels"]
    yield document("poddisruptionbudget")["spec"]["selector"]["matchLabels"]
    yield document("networkpolicy")["spec"]["podSelector"]["matchLabels"]
    for each in pod_spec()["topologySpreadConstraints"]:
        yield each["labelSelector"]["matchLabels"]
    (term,) = pod_spec()["affinity"]["podAntiAffinity"][
        "preferredDuringSchedulingIgnoredDuringExecution"
    ]
    yield term["podAffinityTerm"]["labelSelector"]["matchLabels"]


def test_selectors_are_of_the_labels_that_pods_have() -> None:
    assert all(each == SELECTOR for each in selectors())
    assert document("deployment")["spec"]["template"]["metadata"]["labels"] == LABELS


def test_the_image_is_of_this_version_and_of_no_registry() -> None:
    assert container()["image"] == f"gpuclass:{webhook.__version__}"


def test_our_pods_stay_off_every_gpu_pool_and_off_simulated_nodes() -> None:
    (term,) = pod_spec()["affinity"]["nodeAffinity"][
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
    spec = document("deployment")["spec"]
    assert spec["replicas"] >= 2
    assert spec["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}
    assert spec["minReadySeconds"] > 0
    pause = container()["lifecycle"]["preStop"]["sleep"]["seconds"]
    drain = settings.Settings().drain_seconds
    longest = registration.render(policy())[0]["webhooks"][0]["timeoutSeconds"]  # type: ignore[index,call-overload]
    assert pause >= 10
    assert pod_spec()["terminationGracePeriodSeconds"] > pause + drain + longest
    assert document("poddisruptionbudget")["spec"]["minAvailable"] == 1


def test_probes_are_plain_and_ask_what_the_server_answers() -> None:
    probes = {
        name: container()[f"{name}Probe"]["httpGet"]
        for name in ("startup", "liveness", "readiness")
    }
    assert {name: each["path"] for name, each in probes.items()} == {
        "startup": "/livez",
        "liveness": "/livez",
        "readiness": "/readyz",
    }
    assert {(each["port"], each["scheme"]) for each in probes.values()} == {("metrics", "HTTP")}


def test_the_container_can_do_nothing_but_serve() -> None:
    assert container()["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    pod = pod_spec()["securityContext"]
    assert pod["runAsNonRoot"]
    assert pod["runAsUser"] > 0
    assert pod["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod_spec()["automountServiceAccountToken"] is False
    assert document("serviceaccount")["automountServiceAccountToken"] is False
    assert pod_spec()["enableServiceLinks"] is False


def test_a_quota_admits_the_priority_that_the_pods_have() -> None:
    (scope,) = document("resourcequota")["spec"]["scopeSelector"]["matchExpressions"]
    assert scope["values"] == [pod_spec()["priorityClassName"]]


def test_the_network_lets_in_two_ports_and_nothing_out() -> None:
    spec = document("networkpolicy")["spec"]
    (ingress,) = spec["ingress"]
    assert {each["port"] for each in ingress["ports"]} == {
        registration.SERVE_PORT,
        registration.METRICS_PORT,
    }
    assert "from" not in ingress
    assert spec["policyTypes"] == ["Ingress", "Egress"]
    assert "egress" not in spec
