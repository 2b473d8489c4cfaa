"""How tests and the demo ask a running API server: kubeconfigs, kubectl, clients.

It starts and stops nothing.
"""

import hashlib
import os
import subprocess
from collections.abc import Iterable
from pathlib import Path

from kubernetes import client as official

from tests.cluster import kubeconfig
from tests.cluster.api import Api
from tests.cluster.components import LOOPBACK, Site
from tests.cluster.pki import KeyPair, key_pair
from tests.cluster.waiting import PATIENCE_SECONDS

KUBECTL_SECONDS = PATIENCE_SECONDS + 60
"""Longer than any `--timeout` that it is given: its own message says more."""


class KubectlError(Exception):
    """kubectl's exit code was not 0; the text has the command and what it said."""

    def __init__(self, arguments: Iterable[str], answer: subprocess.CompletedProcess[str]) -> None:
        """Keep the answer for callers that look closer."""
        self.answer = answer
        command = " ".join(("kubectl", *arguments))
        super().__init__(f"`{command}` ended with {answer.returncode}: {answer.stderr.strip()}")


class Access:
    """Every way to ask one API server."""

    def __init__(self, site: Site, port: int) -> None:
        """Take what the control plane was made of, and where its API server listens."""
        self._folder = site.folder
        self._kubectl = site.binaries.kubectl
        self._signer = site.credentials.authority
        self._port = port
        self._clients: list[official.ApiClient] = []
        self.server = f"https://{LOOPBACK}:{port}"
        self.authority = self._signer.certificate
        self.audit_log = site.audit_log
        self.server_pair = site.credentials.server
        self.admin_pair = site.credentials.admin
        self.api = site.credentials.admin_api(port)

    def api_for(self, user: str, groups: Iterable[str] = ()) -> Api:
        """Give plain requests as a user."""
        pair = self._pair(user, tuple(groups))
        return Api(self._port, self.authority, pair)

    def kubeconfig_for(self, user: str, groups: Iterable[str] = ()) -> Path:
        """Give the kubeconfig of a user in groups, who proves it by a client certificate."""
        given = tuple(groups)
        path = self._folder / f"{_file_name(user, given)}.kubeconfig"
        if not path.exists():
            pair = self._pair(user, given)
            path.touch(mode=0o600)
            path.write_text(
                kubeconfig.render(self.server, self.authority, user, pair), encoding="utf-8"
            )
        return path

    def run_kubectl(
        self, arguments: tuple[str, ...], config: Path, *, text: str | None, check: bool
    ) -> subprocess.CompletedProcess[str]:
        """Run kubectl with a clean environment; raise KubectlError if it fails and `check`."""
        answer = subprocess.run(
            [str(self._kubectl), *arguments],
            input=text,
            stdin=subprocess.DEVNULL if text is None else None,
            env={**clean_environment(), "HOME": str(self._folder), "KUBECONFIG": str(config)},
            cwd=self._folder,
            capture_output=True,
            encoding="utf-8",
            timeout=KUBECTL_SECONDS,
            check=False,
        )
        if check and answer.returncode != 0:
            raise KubectlError(arguments, answer)
        return answer

    def client_for(self, user: str, groups: Iterable[str] = ()) -> official.ApiClient:
        """Give the official client as a user; it is closed with the control plane."""
        pair = self._pair(user, tuple(groups))
        configuration = official.Configuration(host=self.server)
        configuration.ssl_ca_cert = str(self.authority)
        configuration.cert_file, configuration.key_file = str(pair.certificate), str(pair.key)
        configuration.proxy = None
        made = official.ApiClient(configuration)
        self._clients.append(made)
        return made

    def close(self) -> None:
        """Close the connections of every client that was handed out."""
        while self._clients:
            # The official client's own methods carry no types.
            self._clients.pop().close()  # type: ignore[no-untyped-call]

    def _pair(self, user: str, groups: tuple[str, ...]) -> KeyPair:
        """Give a user's certificate, made at the first call."""
        base = self._folder / _file_name(user, groups)
        made = key_pair(base)
        return made if made.key.exists() else self._signer.client(base, user, groups)


def clean_environment() -> dict[str, str]:
    """Give an environment without proxies, credentials and settings of whoever runs the tests."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8"}


def _file_name(user: str, groups: tuple[str, ...]) -> str:
    """Give a file name for a user in groups; both may hold any character."""
    return hashlib.sha256(repr((user, groups)).encode()).hexdigest()[:16]
