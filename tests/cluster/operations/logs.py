"""What a kubelet answers `kubectl logs` with: the log of a process, for pods that it stands for.

The API server asks the kubelet of a pod's node, at the address and the port that the node names.
"""

import ssl
import threading
from collections.abc import Callable, Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Self

from tests.cluster.api import STRATEGIC_MERGE_PATCH, Api, Json
from tests.cluster.components import LOOPBACK
from tests.cluster.pki import Authority
from tests.cluster.simulation import NODES


class KubeletLogs:
    """Serves `/containerLogs/NAMESPACE/POD/CONTAINER`: `log` gives the text of a container."""

    def __init__(self, folder: Path, log: Callable[[str], str]) -> None:
        """Take a folder for a certificate of its own, and where texts come from."""

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                container = self.path.partition("?")[0].rpartition("/")[2]
                body = log(container).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        pair = Authority(folder / "ca").server(folder / "kubelet", [LOOPBACK])
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pair.certificate, pair.key)
        self._server = ThreadingHTTPServer((LOOPBACK, 0), Handler)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,))

    def __enter__(self) -> Self:
        """Listen."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Listen no more."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def stand_for(self, api: Api, nodes: Iterable[str]) -> None:
        """Have the API server ask here for the logs of these nodes' pods."""
        status: Json = {
            "addresses": [{"type": "InternalIP", "address": LOOPBACK}],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": self._server.server_port}},
        }
        for node in nodes:
            path = f"{NODES}/{node}/status"
            api.request("PATCH", path, {"status": status}, STRATEGIC_MERGE_PATCH)
