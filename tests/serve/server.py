"""A server process for tests, and a client that says exactly what it sends."""

import http.client
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.cluster.waiting import eventually
from tests.docs.log_page import unlisted

POLICIES = Path(__file__).parents[2] / "policies"
HOST = "127.0.0.1"
JSON = {"Content-Type": "application/json"}
SECONDS = 60
"""Longer than a busy machine ever pauses: who waits in vain fails."""


class Process:
    """`gpuclass serve` with a certificate of its own, on ports that were free."""

    def __init__(self, folder: Path, *flags: str) -> None:
        """Start it and wait until it listens."""
        self.certs, self.log = folder / "certs", folder / "log"
        if not self.certs.exists():
            command("certs", "--out", str(self.certs), "--host", HOST)
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [
                    *(gpuclass(), "serve", "--certs", str(self.certs)),
                    *("--bind", f"{HOST}:0", "--metrics-bind", f"{HOST}:0", *flags),
                ],
                stderr=log,
                env=environment(),
            )
        serving = eventually(lambda: self.events("serving"), "the server to listen")[0]
        self.port = int(str(serving["admission"]).rpartition(":")[2])
        self.probes = int(str(serving["probes"]).rpartition(":")[2])

    def events(self, message: str) -> list[dict[str, Any]]:
        """Give the log lines with a message."""
        lines = self.log.read_text(encoding="utf-8").splitlines()
        return [event for event in map(json.loads, lines) if event["message"] == message]

    def connect(self) -> http.client.HTTPSConnection:
        """Give a connection that trusts the server's CA and nothing else."""
        context = ssl.create_default_context(cafile=str(self.certs / "ca.crt"))
        return http.client.HTTPSConnection(HOST, self.port, timeout=SECONDS, context=context)

    def raw(self) -> socket.socket:
        """Give a TCP connection on which nothing has been said."""
        return socket.create_connection((HOST, self.port), timeout=SECONDS)

    def tls(self) -> ssl.SSLSocket:
        """Give a TLS connection on which no HTTP has been said."""
        context = ssl.create_default_context(cafile=str(self.certs / "ca.crt"))
        return context.wrap_socket(self.raw(), server_hostname=HOST)

    def post(
        self, path: str, body: bytes, headers: Mapping[str, str] = JSON
    ) -> http.client.HTTPResponse:
        """Send one request on a connection of its own; the answer is read whole."""
        connection = self.connect()
        try:
            return exchange(connection, "POST", path, body, headers)
        finally:
            connection.close()

    def probe(self, path: str) -> tuple[int, str]:
        """Ask the plain HTTP port."""
        connection = http.client.HTTPConnection(HOST, self.probes, timeout=SECONDS)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        except OSError:
            return 0, ""
        finally:
            connection.close()

    def metric(self, sample: str) -> float:
        """Give one sample of /metrics by its name and labels."""
        lines = self.probe("/metrics")[1].splitlines()
        return next(
            (float(line.rpartition(" ")[2]) for line in lines if line.startswith(sample)), 0
        )

    def stop(self) -> int:
        """End it at once and give the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        code = self.process.wait(SECONDS)
        assert_as_documented(self.log)
        return code


def assert_as_documented(log: Path) -> None:
    """Hold every line of a log against docs/logs.md."""
    assert [*unlisted([log.read_text(encoding="utf-8")])] == []


class Server(Process):
    """A server with a policy folder of its own."""

    def __init__(self, folder: Path, *flags: str) -> None:
        """Start it and wait until it is ready."""
        self.policies = folder / "policies"
        if not self.policies.exists():
            shutil.copytree(POLICIES, self.policies)
        super().__init__(folder, "--policies", str(self.policies), "--poll-seconds", "0.1", *flags)
        eventually(lambda: self.probe("/readyz")[0] == 200, "the server to be ready")


def exchange(
    connection: http.client.HTTPConnection,
    method: str,
    path: str,
    body: bytes | None = None,
    headers: Mapping[str, str] = JSON,
) -> http.client.HTTPResponse:
    """Send a request on an open connection; the answer's body is read and kept as `body`."""
    connection.request(method, path, body, dict(headers))
    answer = connection.getresponse()
    answer.body = answer.read()  # type: ignore[attr-defined]
    return answer


def review(gpu_class: str = "training", **request: object) -> bytes:
    """Give the AdmissionReview of a new GPU pod."""
    pod = {
        "metadata": {"name": "x", "annotations": {"gpu-class": gpu_class}},
        "spec": {
            "containers": [
                {
                    "name": "c",
                    "resources": {"limits": {"cpu": "1", "memory": "1Gi", "nvidia.com/gpu": "1"}},
                }
            ]
        },
    }
    return json.dumps(
        {
            "apiVersion": "admission.k8s.io/v1",
            "kind": "AdmissionReview",
            "request": {
                "uid": "1-2-3",
                "kind": {"group": "", "version": "v1", "kind": "Pod"},
                "namespace": "team-a",
                "operation": "CREATE",
                "userInfo": {"username": "alice", "groups": ["system:authenticated"]},
                "object": pod,
                **request,
            },
        }
    ).encode()


def response(answer: http.client.HTTPResponse) -> dict[str, Any]:
    """Give the response of an AdmissionReview."""
    found: dict[str, Any] = json.loads(answer.body)["response"]  # type: ignore[attr-defined]
    return found


def wait_until_closed(sock: socket.socket) -> None:
    """Wait until the other side ends a connection; TimeoutError if it does not."""
    sock.settimeout(SECONDS)
    try:
        while sock.recv(4096):
            pass
    except (ConnectionResetError, ssl.SSLError):
        pass


def rewrite(path: Path, text: str | bytes) -> None:
    """Replace a file in one step, so that nobody reads half of it."""
    beside = path.with_name(f".{path.name}")
    beside.write_bytes(text if isinstance(text, bytes) else text.encode())
    beside.replace(path)


def gpuclass() -> str:
    """Give the installed command."""
    return str(Path(sys.executable).with_name("gpuclass"))


def environment() -> dict[str, str]:
    """Give the environment without settings of the server, or of whoever runs the tests."""
    return {key: value for key, value in os.environ.items() if not key.startswith("GPUCLASS_")}


def command(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run `gpuclass` to its end."""
    return subprocess.run(
        [gpuclass(), *arguments],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
        env={**environment(), **variables},
    )
