"""gunicorn, configured in one place: it holds the sockets and looks after the worker."""

import logging
import os
import socket
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from gunicorn.app.base import BaseApplication

from webhook.serve.logs import ROOT, LineWriter, configure, fields
from webhook.serve.metrics import Metrics
from webhook.serve.service import Service
from webhook.serve.settings import Address, Settings
from webhook.serve.sockets import BACKLOG, address_of, listen
from webhook.serve.tls import Certificates
from webhook.serve.worker import LAST_ANSWERS_SECONDS
from webhook.watch import policies

GRACE_SECONDS = LAST_ANSWERS_SECONDS + 5
"""What a worker has, after draining, before it is killed."""
SILENCE_SECONDS = 30
"""A worker whose loop does not turn for so long is replaced."""

Ready: TypeAlias = Callable[[Address, Address], None]
"""Called with the addresses of reviews and of probes, once both listen."""

_log = logging.getLogger(ROOT)


class Master(BaseApplication):  # type: ignore[misc] # gunicorn has no types
    """gunicorn's application: one worker that serves reviews and probes."""

    def __init__(
        self, settings: Settings, certs: Path, listening: Sequence[socket.socket], ready: Ready
    ) -> None:
        """Take settings, the folder of the serving pair, sockets, and whom to tell of them."""
        self._settings, self._certs, self._ready = settings, certs, ready
        self._admission, self._probes = map(address_of, listening)
        self._descriptors = [each.detach() for each in listening]
        super().__init__()

    def load_config(self) -> None:
        """Set everything that differs from gunicorn's defaults."""
        settings = self._settings
        values: dict[str, Any] = {
            "bind": [f"fd://{each}" for each in self._descriptors],
            "workers": 1,
            "worker_class": "webhook.serve.worker.Worker",
            "proc_name": "gpuclass",
            "keepalive": int(settings.keep_alive_seconds),
            "backlog": BACKLOG,
            "timeout": SILENCE_SECONDS,
            "graceful_timeout": int(settings.drain_seconds) + GRACE_SECONDS,
            "control_socket_disable": True,
            "loglevel": "error",
            "worker_tmp_dir": "/dev/shm" if os.access("/dev/shm", os.W_OK) else None,  # noqa: S108
            "when_ready": self._when_ready,
        }
        for name, value in values.items():
            self.cfg.set(name, value)

    def load(self) -> Service:
        """Compose what a worker serves; called in the worker, after the fork."""
        service = Service(self._settings, self._certs)
        service.start()
        return service

    def _when_ready(self, _: object) -> None:
        at = fields(admission=str(self._admission), probes=str(self._probes))
        _log.info("serving", extra=at)
        self._ready(self._admission, self._probes)


def run(settings: Settings, certs: Path, ready: Ready) -> None:
    """Serve until a signal ends it; raise before that what the operator has to mend.

    Raises PolicyError, OperatorError (certificate files, addresses).
    """
    configure(settings.log_level, settings.log_format, LineWriter(sys.stderr.fileno()))
    policies.load(settings.policies)
    Certificates(certs, Metrics())
    listening = listen((settings.bind, settings.metrics_bind))
    Master(settings, certs, listening, ready).run()
