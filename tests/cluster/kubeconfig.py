"""The text of a kubeconfig: one server, one user, everything inline so that it can be copied."""

import base64
import json
from pathlib import Path

from tests.cluster.pki import KeyPair


def render(server: str, authority: Path, user: str, pair: KeyPair) -> str:
    """Give a kubeconfig (JSON is YAML) for `user` at `server`, trusting `authority`."""
    name = "gpuclass"
    certificate, key = _inline(pair.certificate), _inline(pair.key)
    cluster = {"server": server, "certificate-authority-data": _inline(authority)}
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": cluster}],
        "users": [
            {
                "name": user,
                "user": {"client-certificate-data": certificate, "client-key-data": key},
            }
        ],
        "contexts": [{"name": name, "context": {"cluster": name, "user": user}}],
        "current-context": name,
    }
    return json.dumps(document, indent=2) + "\n"


def _inline(path: Path) -> str:
    """Give a file's content as kubeconfig's `-data` fields have it."""
    return base64.b64encode(path.read_bytes()).decode("ascii")
