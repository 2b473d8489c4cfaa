"""The API server that remembers, on a real socket: for the parts that open connections.

It lists, watches and writes; what it does with what is written is FakeApi's.
"""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from tests.control.api import FakeApi
from webhook.control.api import ApiFailed, Object

POLL_SECONDS = 0.02


class HttpApi:
    """Serves `api`; a path that ends as a name in `objects` is an object, any other a list.

    Paths in `forbidden` are given to nobody.
    """

    def __init__(self) -> None:
        self.api = FakeApi()
        self.lock = threading.RLock()
        self.over = threading.Event()
        self.html = ""
        self.forbidden: set[str] = set()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.served = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    def __enter__(self) -> Self:
        """Listen."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End every watch and listen no more."""
        self.over.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def kubeconfig(self, folder: Path) -> Path:
        """Write a kubeconfig for it."""
        path = folder / "kubeconfig"
        cluster = {"server": f"http://127.0.0.1:{self._server.server_port}"}
        document = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "it", "cluster": cluster}],
            "users": [{"name": "me", "user": {}}],
            "contexts": [{"name": "it", "context": {"cluster": "it", "user": "me"}}],
            "current-context": "it",
        }
        path.write_text(json.dumps(document), encoding="utf-8")
        return path

    def items(self, collection: str, name: str) -> dict[str, Object]:
        """Give the objects of a collection by path; of one name, if there is one."""
        with self.lock:
            return {
                path: value
                for path, value in self.api.objects.items()
                if path.rpartition("/")[0] == collection and name in {"", value["metadata"]["name"]}
            }

    def changes(self, collection: str, name: str) -> Iterator[bytes]:
        """Give the lines of a watch: what is there and what comes, until the end."""
        seen: dict[str, Object] = {}
        while not self.over.wait(POLL_SECONDS):
            found = self.items(collection, name)
            for path in seen.keys() - found.keys():
                yield _event("DELETED", seen[path])
            for path, value in found.items():
                if seen.get(path) != value:
                    yield _event("MODIFIED" if path in seen else "ADDED", value)
            seen = found


def _event(kind: str, value: Object) -> bytes:
    return json.dumps({"type": kind, "object": value}).encode() + b"\n"


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    served: HttpApi

    def handle_error(self, *_: object) -> None:
        """Say nothing: clients may leave whenever they like."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        api, path, query = self._asked()
        if path in api.forbidden:
            return self._refuse(ApiFailed("GET", path, 403, "403 forbidden"))
        if path in api.api.broken:
            return self._refuse(ApiFailed("GET", path, api.api.broken[path], "broken"))
        if found := api.api.get(path):
            return self._send(200, found)
        name = query.get("fieldSelector", "").removeprefix("metadata.name=")
        if "watch" in query:
            return self._stream(api.changes(path, name))
        if "limit" in query:
            items = [*api.items(path, name).values()]
            return self._send(200, {"metadata": {"resourceVersion": "1"}, "items": items})
        return self._refuse(ApiFailed("GET", path, 404, "404 not found"))

    def do_POST(self) -> None:
        self._write()

    def do_PUT(self) -> None:
        self._write()

    def do_PATCH(self) -> None:
        self._write()

    def do_DELETE(self) -> None:
        self._write()

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _asked(self) -> tuple[HttpApi, str, dict[str, str]]:
        parts = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        return self.server.served, parts.path, query

    def _write(self) -> None:
        api, path, _ = self._asked()
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        kind = self.headers.get("Content-Type", "")
        if api.html:
            return self._answer(502, "text/html", api.html.encode())
        try:
            with api.lock:
                made = api.api.send(
                    self.command, path, json.loads(body or b"null"), content_type=kind
                )
        except ApiFailed as failure:
            return self._refuse(failure)
        return self._send(200, made)

    def _refuse(self, failure: ApiFailed) -> None:
        self._send(failure.status, {"kind": "Status", "message": str(failure)})

    def _send(self, status: int, value: Any) -> None:  # noqa: ANN401 - any JSON
        self._answer(status, "application/json", json.dumps(value).encode())

    def _answer(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _stream(self, lines: Iterator[bytes]) -> None:
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for line in lines:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
            self.wfile.flush()
        self.close_connection = True
