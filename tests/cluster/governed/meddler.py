"""A mutating webhook of somebody else, called after ours: it does to pods what a test tells it."""

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

from tests.cluster.answering import answering
from tests.cluster.api import Json
from tests.cluster.components import LOOPBACK
from tests.cluster.governed.cluster import Namespace
from tests.cluster.governed.manifests import pod
from tests.cluster.pki import Authority
from tests.cluster.waiting import eventually

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
    authority = Authority(folder / "meddler-ca")
    pair = authority.server(folder / "meddler", [LOOPBACK])
    api, name = team.control_plane.api, f"meddler-{team.name}"
    bundle = base64.b64encode(authority.certificate.read_bytes()).decode()
    with answering(lambda _, body: _answer(json.loads(body), meddle), pair) as port:
        document = _configuration(name, team.name, port, bundle)
        document["webhooks"][0]["reinvocationPolicy"] = reinvocation
        api.request("POST", CONFIGURATION, document)
        try:
            eventually(lambda: _is_called(team), "the other webhook to be called")
            yield
        finally:
            api.request("DELETE", f"{CONFIGURATION}/{name}")


def _answer(review: Json, meddle: Meddle) -> bytes:
    before = review["request"]["object"]
    after: Json = json.loads(json.dumps(before))
    if PROBED in before["metadata"].get("labels", {}):
        after["metadata"]["labels"][PROBED] = "yes"
    else:
        meddle(after)
    patch = base64.b64encode(json.dumps(_patch(before, after)).encode()).decode()
    answer = {"uid": review["request"]["uid"], "allowed": True}
    answer |= {"patchType": "JSONPatch", "patch": patch}
    return json.dumps({**review, "request": None, "response": answer}).encode()


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
