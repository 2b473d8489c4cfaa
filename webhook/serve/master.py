"""gunicorn, configured in one place: it holds the sockets and looks after the worker."""

import gc
import math
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any, TypeAlias

from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.glogging import Logger

from webhook.process import logs, sockets
from webhook.process.settings import Address
from webhook.serve.service import Service
from webhook.serve.settings import Settings

GRACE_SECONDS = 10
"""What a worker has after draining, before it is killed."""
SILENCE_SECONDS = 30
"""A worker whose loop does not turn for so long is replaced."""
SHARED_MEMORY = "/dev/shm"  # noqa: S108 # the one place that a read-only container can write to

Ready: TypeAlias = Callable[[Address, Address], None]
"""Called with the addresses of reviews and of probes, once both listen."""


class MasterLog(Logger):  # type: ignore[misc] # gunicorn has no types
    """gunicorn's own lines, by way of ours."""

    def setup(self, cfg: Any) -> None:  # noqa: ANN401 # gunicorn has no types
        """Take gunicorn's handlers away again."""
        super().setup(cfg)
        logs.quiet_foreign(self.error_log)


class Master(BaseApplication):  # type: ignore[misc] # gunicorn has no types
    """gunicorn's application: one worker that serves reviews and probes."""

    def __init__(self, service: Service, descriptors: tuple[int, ...]) -> None:
        """Take what to serve, and the listening sockets for reviews and for probes."""
        self._service = service
        self._descriptors = descriptors
        super().__init__()

    def load_config(self) -> None:
        """Set everything that differs from gunicorn's defaults."""
        settings = self._service.settings
        values: dict[str, object] = {
            "bind": [f"fd://{each}" for each in self._descriptors],
            "workers": 1,
            "worker_class": "webhook.serve.worker.Worker",
            "proc_name": "gpuclass",
            "logger_class": MasterLog,
            "loglevel": "error",
            "keepalive": math.ceil(settings.keep_alive_seconds),
            "timeout": SILENCE_SECONDS,
            "graceful_timeout": math.ceil(settings.drain_seconds) + GRACE_SECONDS,
            # A socket that takes commands would need a folder to write to, and a lock on its door.
            "control_socket_disable": True,
            "worker_tmp_dir": SHARED_MEMORY if os.access(SHARED_MEMORY, os.W_OK) else None,
        }
        for name, value in values.items():
            self.cfg.set(name, value)

    def load(self) -> Service:
        """Give the worker what it serves; it was made before the fork, and holds values only."""
        return self._service


class Chief(Arbiter):  # type: ignore[misc] # gunicorn has no types
    """gunicorn's arbiter, for whom a second SIGTERM means at once."""

    is_ending = False

    def signal(self, sig: int, frame: FrameType | None) -> None:
        """Queue a signal."""
        if sig == signal.SIGTERM:
            sig = signal.SIGQUIT if self.is_ending else sig
            self.is_ending = True
        super().signal(sig, frame)


def run(settings: Settings, certs: Path, ready: Ready) -> None:
    """Serve until a signal ends it; raise SystemExit if it did not end well.

    Raises before that what the operator has to mend: PolicyError, OperatorError (certificate
    files, addresses).
    """
    writer = logs.LineWriter(sys.stderr.fileno())
    logs.configure(settings.log_level, settings.log_format, writer)
    listening = sockets.listen((settings.bind, settings.metrics_bind))
    service = Service(settings, certs, writer)
    ready(*map(sockets.address_of, listening))
    # What the worker shares with the master stays shared as long as nothing writes to it, and a
    # search for garbage writes to whatever it looks at.
    gc.collect()
    gc.freeze()
    _manage(Chief(Master(service, tuple(each.detach() for each in listening))))


def _manage(arbiter: Arbiter) -> None:
    """Run the arbiter; it ends by SystemExit, in the worker that it forks as well."""
    owner = os.getpid()
    try:
        arbiter.run()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(bool(end.code))
        if os.getpid() != owner:
            # What the callers of `run` have to put away is the master's, not the worker's.
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
        if code:
            raise
