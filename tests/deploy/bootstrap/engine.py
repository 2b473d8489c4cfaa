"""As much of Docker's API as `docker inspect` and `docker ps` ask for, on a socket of this test.

The client is the real one: it runs the templates that the scripts hand it.
"""

import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path

CONTAINER = {
    "Id": "0123",
    "Name": "/c-control-plane",
    "Config": {
        "Image": "kindest/node:v9@sha256:00",
        "Env": ["PATH=/bin", "HTTP_PROXY=http://proxy"],
        "Labels": {},
    },
    "HostConfig": {
        "NetworkMode": "kind",
        "UsernsMode": "host",
        "Sysctls": {"net.ipv6.conf.all.forwarding": "1"},
        "Devices": [{"PathOnHost": "/dev/fuse", "PathInContainer": "/dev/fuse"}],
    },
    "Mounts": [
        {"Type": "volume", "Destination": "/var"},
        {"Type": "bind", "Source": "/dev/mapper", "Destination": "/dev/mapper"},
    ],
}
PLAIN = {**CONTAINER, "HostConfig": {"NetworkMode": "kind"}, "Mounts": []}
LISTED = {
    "Id": "0123",
    "Names": ["/gpu-train-1"],
    "Image": "kindest/node",
    "State": "running",
    "Labels": {
        "io.x-k8s.kind.cluster": "c",
        "gpuclass.io/pool": "training",
        "gpuclass.io/gpus": "mock:2",
    },
}


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        """Answer what is asked by the last part of its path."""
        path = self.path.partition("?")[0]
        if path.endswith("/plain/json"):
            self._send(PLAIN)
        elif path.endswith("/c-control-plane/json"):
            self._send(CONTAINER)
        elif path.endswith("/containers/json"):
            self._send([LISTED])
        else:
            self._send({"ApiVersion": "1.41"})

    def do_HEAD(self) -> None:
        """Answer a ping."""
        self.do_GET()

    def _send(self, body: object) -> None:
        data = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Api-Version", "1.41")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data if self.command == "GET" else b"")

    def address_string(self) -> str:
        """Give no address: a socket of this kind has none."""
        return ""

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def engine(folder: Path) -> Iterator[str]:
    """Serve it; give the address for DOCKER_HOST."""
    path = folder / "docker.sock"
    with socketserver.ThreadingUnixStreamServer(str(path), _Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"unix://{path}"
        finally:
            server.shutdown()
            thread.join()
