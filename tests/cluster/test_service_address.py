"""The way by which production registrations are tested: a Service's address, without kube-proxy."""

import base64
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.cluster import audit
from tests.cluster.api import Json
from tests.cluster.controlplane import ControlPlane
from tests.cluster.pki import Authority
from tests.cluster.waiting import eventually

pytestmark = pytest.mark.cluster

OPERATION: Json = {"op": "add", "path": "/metadata/labels", "value": {"called": "yes"}}
CONFIGURATIONS = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations"


class Hook(BaseHTTPRequestHandler):
    """A webhook that labels every pod."""

    def do_POST(self) -> None:
        """Answer one AdmissionReview."""
        review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        patch = base64.b64encode(json.dumps([OPERATION]).encode()).decode()
        response = {"uid": review["request"]["uid"], "allowed": True}
        response |= {"patchType": "JSONPatch", "patch": patch}
        body = json.dumps({**review, "request": None, "response": response}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""


@contextmanager
def served(address: str, authority: Authority, folder: Path, host: str) -> Iterator[int]:
    """Serve the hook at an address and give the port."""
    pair = authority.server(folder / "hook", [host])
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pair.certificate, pair.key)
    with ThreadingHTTPServer((address, 0), Hook) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


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
    with served(address, authority, tmp_path, f"hook.{namespace}.svc") as port:
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
