"""The way by which production registrations are tested: a Service's address, without kube-proxy."""

import base64
import json
from functools import partial
from pathlib import Path

import pytest

from tests.cluster import audit
from tests.cluster.answering import answering
from tests.cluster.api import Json
from tests.cluster.controlplane import ControlPlane
from tests.cluster.pki import Authority
from tests.cluster.waiting import eventually

pytestmark = pytest.mark.cluster

OPERATION: Json = {"op": "add", "path": "/metadata/labels", "value": {"called": "yes"}}
CONFIGURATIONS = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations"


def labelled(_path: str, body: bytes) -> bytes:
    """Answer one AdmissionReview: every pod is labelled."""
    review = json.loads(body)
    patch = base64.b64encode(json.dumps([OPERATION]).encode()).decode()
    response = {"uid": review["request"]["uid"], "allowed": True}
    response |= {"patchType": "JSONPatch", "patch": patch}
    return json.dumps({**review, "request": None, "response": response}).encode()


def service(address: str, port: int) -> Json:
    spec = {"clusterIP": address, "ports": [{"port": port}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "hook"}, "spec": spec}


def registration(namespace: str, port: int, authority: Authority) -> Json:
    bundle = base64.b64encode(authority.certificate.read_bytes()).decode()
    reference = {"name": "hook", "namespace": namespace, "port": port}
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "MutatingWebhookConfiguration",
        "metadata": {"name": namespace},
        "webhooks": [
            {
                "name": "hook.example.com",
                "admissionReviewVersions": ["v1"],
                "sideEffects": "None",
                "clientConfig": {"caBundle": bundle, "service": reference},
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
                "rules": [{**rule, "operations": ["CREATE"]}],
            }
        ],
    }


def test_a_webhook_is_reached_by_its_service_and_its_patch_is_in_the_audit_log(
    control_plane: ControlPlane, namespace: str, tmp_path: Path
) -> None:
    address, authority = control_plane.service_address(200), Authority(tmp_path / "hook-ca")
    core = f"/api/v1/namespaces/{namespace}"
    pair = authority.server(tmp_path / "hook", [f"hook.{namespace}.svc"])
    with answering(labelled, pair, host=address) as port:
        control_plane.api.request("POST", f"{core}/services", service(address, port))
        document = registration(namespace, port, authority)
        control_plane.api.request("POST", CONFIGURATIONS, document)
        pod = {"containers": [{"name": "main", "image": "app:1"}]}
        body: Json = {"apiVersion": "v1", "kind": "Pod", "metadata": {"generateName": "app-"}}
        create = partial(control_plane.api.request, "POST", f"{core}/pods", {**body, "spec": pod})
        try:
            eventually(lambda: create()["metadata"].get("labels"), "the webhook is called")
        finally:
            control_plane.api.request("DELETE", f"{CONFIGURATIONS}/{namespace}")

    def calls() -> list[audit.Mutation]:
        events = audit.of(control_plane.audit_events(), "pods", namespace, "create")
        return [call for event in events for call in audit.mutations(event)]

    assert eventually(calls, "the call is in the audit log") == [
        audit.Mutation(
            round=0,
            index=0,
            configuration=namespace,
            webhook="hook.example.com",
            mutated=True,
            patch=(OPERATION,),
        )
    ]
