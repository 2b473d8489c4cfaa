"""A scripted API server on a real socket: it answers request after request by a list.

Each answer says its status, its body in parts, and how it ends: whole, cut, or in silence.
"""

import json
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum, auto
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Self, cast
from urllib.parse import parse_qsl, urlsplit


class End(Enum):
    """How an answer ends."""

    WHOLE = auto()
    CUT = auto()
    SILENT = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer; the parts are chunks of the body, sent one after the other."""

    status: int = 200
    parts: Iterable[bytes] = ()
    headers: dict[str, str] = field(default_factory=dict)
    end: End = End.WHOLE


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request that came."""

    path: str
    query: dict[str, str]
    headers: dict[str, str]


def answer(value: object, status: int = 200, **headers: str) -> Answer:
    """Give an answer in JSON; `Retry_After` becomes the header Retry-After."""
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Answer(status=status, parts=(json.dumps(value).encode(),), headers=named)


class ApiServer:
    """The server: give it answers, read what it was `asked`; out of answers it is out of order."""

    def __init__(self, *answers: Answer) -> None:
        self.asked: list[Asked] = []
        self._answers = list(answers)
        self._over = threading.Event()

    def __enter__(self) -> Self:
        """Listen on a free port."""
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.script = self  # type: ignore[attr-defined]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End every connection and listen no more."""
        self._over.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def url(self) -> str:
        """Give where it listens."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def add(self, *answers: Answer) -> None:
        """Have more answers."""
        self._answers.extend(answers)

    def next(self, asked: Asked) -> Answer:
        """Take the next answer."""
        self.asked.append(asked)
        return self._answers.pop(0) if self._answers else Answer(status=500)

    @property
    def is_done(self) -> bool:
        """Tell whether it is out of answers."""
        return not self._answers

    @property
    def is_over(self) -> bool:
        """Tell whether the server has ended."""
        return self._over.is_set()

    def wait(self) -> None:
        """Wait until the end of the server."""
        self._over.wait()

    def kubeconfig(self, folder: Path, token: Path | None = None) -> Path:
        """Write the kubeconfig of a user with a token file."""
        path = folder / "kubeconfig"
        user = {"tokenFile": str(token)} if token else {}
        document = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "it", "cluster": {"server": self.url}}],
            "users": [{"name": "me", "user": user}],
            "contexts": [{"name": "it", "context": {"cluster": "it", "user": "me"}}],
            "current-context": "it",
        }
        path.write_text(json.dumps(document), encoding="utf-8")
        return path


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Say nothing: clients may leave whenever they like."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        script = cast("ApiServer", self.server.script)  # type: ignore[attr-defined]
        if script.is_over:
            self.close_connection = True
            return
        parts = urlsplit(self.path)
        headers = {name.lower(): text for name, text in self.headers.items()}
        asked = Asked(path=parts.path, query=dict(parse_qsl(parts.query)), headers=headers)
        self._send(script.next(asked), script)

    def _send(self, found: Answer, script: ApiServer) -> None:
        self.send_response(found.status)
        for name, text in {"Transfer-Encoding": "chunked", **found.headers}.items():
            self.send_header(name, text)
        self.end_headers()
        for part in found.parts:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
            self.wfile.flush()
        if found.end is End.SILENT:
            script.wait()
        if found.end is End.WHOLE:
            self.wfile.write(b"0\r\n\r\n")
        else:
            self.close_connection = True

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 # the base class's
        """Say nothing."""
