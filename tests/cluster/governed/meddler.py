"""A mutating webhook of somebody else, called after ours: it does to pods what a test tells it."""

import base64
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TypeAlias

from tests.cluster.api import Json
from tests.cluster.governed.cluster import Namespace
from tests.cluster.governed.manifests import pod
from tests.cluster.waiting import eventually
from webhook.control.certificates import make_ca, make_leaf

CONFIGURATION = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations"
PROBED = "example.com/meddled"
"""A label by which a probe shows that the webhook is called."""

Meddle: TypeAlias = Callable[[Json], None]
"""Changes a pod in place."""


@contextmanager
def meddling(
    team: Namespace, folder: Path, meddle: Meddle, reinvocation: str = "IfNeeded"
) -> Iterator[None]:
    """Have every new pod of a namespace changed after gpuclass has seen it."""
    now = datetime.now(UTC)
    ca = make_ca(now)
    leaf = make_leaf(ca, ("127.0.0.1",), now)
    pair = folder / "pair.pem"
    pair.write_bytes(leaf.certificate_pem() + leaf.key_pem())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(meddle))
    server.daemon_threads = True
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    api, name = team.control_plane.api, f"meddler-{team.name}"
    bundle = base64.b64encode(ca.certificate_pem()).decode()
    document = _configuration(name, team.name, server.server_port, bundle)
    document["webhooks"][0]["reinvocationPolicy"] = reinvocation
    api.request("POST", CONFIGURATION, document)
    try:
        eventually(lambda: _is_called(team), "the other webhook to be called")
        yield
    finally:
        api.request("DELETE", f"{CONFIGURATION}/{name}")
        server.shutdown()
        thread.join()
        server.server_close()


def _handler(meddle: Meddle) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            """Answer one review."""
            body = self.rfile.read(int(self.headers["Content-Length"]))
            content = json.dumps(_answer(json.loads(body)["request"], meddle)).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler


def _answer(request: Json, meddle: Meddle) -> Json:
    before = request["object"]
    after: Json = json.loads(json.dumps(before))
    if PROBED in before["metadata"].get("labels", {}):
        after["metadata"]["labels"][PROBED] = "yes"
    else:
        meddle(after)
    patch = base64.b64encode(json.dumps(_patch(before, after)).encode()).decode()
    answer = {"uid": request["uid"], "allowed": True, "patchType": "JSONPatch", "patch": patch}
    return {
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "response": answer,
    }


def _patch(before: Json, after: Json) -> list[Json]:
    """Replace what differs, whole: of metadata and spec, field by field."""
    found: list[Json] = []
    for part in ("metadata", "spec"):
        for field in {*before[part], *after[part]}:
            path = f"/{part}/{field}"
            if field not in after[part]:
                found.append({"op": "remove", "path": path})
            elif before[part].get(field) != after[part][field]:
                found.append({"op": "add", "path": path, "value": after[part][field]})
    return found


def _configuration(name: str, namespace: str, port: int, bundle: str) -> Json:
    pods = {
        "apiGroups": [""],
        "apiVersions": ["v1"],
        "operations": ["CREATE"],
        "resources": ["pods"],
    }
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "MutatingWebhookConfiguration",
        "metadata": {"name": name},
        "webhooks": [
            {
                "name": "meddler.example.com",
                "clientConfig": {"url": f"https://127.0.0.1:{port}/", "caBundle": bundle},
                "rules": [pods],
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
                "sideEffects": "None",
                "timeoutSeconds": 30,
                "admissionReviewVersions": ["v1"],
            }
        ],
    }


def _is_called(team: Namespace) -> bool:
    probe = pod("probe-", gpus=None)
    probe["metadata"]["labels"] = {PROBED: "no"}
    path = f"/api/v1/namespaces/{team.name}/pods?dryRun=All"
    made = team.control_plane.api.request("POST", path, probe)
    return bool(made["metadata"]["labels"][PROBED] == "yes")
