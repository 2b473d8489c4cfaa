"""The composition root: settings in, everything that a worker serves out."""

import asyncio
from pathlib import Path
from typing import Any, cast

from a2wsgi import WSGIMiddleware

from webhook.core.decide import decide as the_decision
from webhook.process.logs import RENDER, LineWriter
from webhook.process.memory import Memory
from webhook.process.probes import probes
from webhook.serve import application, sources
from webhook.serve.answer import Answerer, Decide
from webhook.serve.asgi import Application, Receive, Reviews, Scope, Send
from webhook.serve.callers import ANYBODY, Callers
from webhook.serve.gateway import BATCH_SECONDS, Gateway
from webhook.serve.guard import Guard
from webhook.serve.health import Health
from webhook.serve.metrics import Metrics
from webhook.serve.observer import Observer
from webhook.serve.settings import Settings
from webhook.serve.snapshots import Snapshots
from webhook.serve.tls import Certificates

THREADS = 2
"""For Flask: probes and metrics are few, and short."""
MEMORY_SECONDS = 1.0
"""Between two looks at how much memory there is."""


class Service:
    """Everything that one worker serves, and what it looks after while it does.

    It holds values only, no thread and no task, so that it lives through a fork.
    """

    def __init__(
        self, settings: Settings, certs: Path, writer: LineWriter, decide: Decide = the_decision
    ) -> None:
        """Load what there is to begin with, the certificate in folder `certs`, and wire all to it.

        Raises PolicyError and OperatorError for what has to be mended before anything is served.
        """
        self.settings = settings
        self.writer = writer
        self.metrics = Metrics()
        self.metrics.watch_log(lambda: writer.dropped)
        self.callers = Callers(ca=settings.client_ca, names=settings.client_names)
        least = settings.tls_min_version
        self.certificates = Certificates(certs, self.metrics, self.callers, least)
        self.snapshots = Snapshots(self.metrics)
        self.source = sources.make(settings, self.snapshots, self.metrics)
        self.health = Health(self.snapshots, self.source, self.certificates, self.metrics)
        answerer = Answerer(decide, self.snapshots.current)
        observer = Observer(self.metrics, writer, RENDER[settings.log_format])
        limit = settings.max_body_bytes
        flask = application.reviews(self.health, self.metrics, answerer, observer, limit)
        self.gateway = Gateway(answerer, observer, limit)
        self.admission: Application = Reviews(self.gateway, _asgi(flask))
        self.probes = _probing(probes(self.health, self._render_metrics))

    def guard(self, listener: str, callers: Callers = ANYBODY) -> Guard:
        """Give the limits of a listener, and who may use it."""
        return Guard(listener, self.settings, self.health, self.metrics, callers)

    def refresh(self) -> None:
        """Take over what has changed: a worker that replaces a dead one comes late."""
        self.source.refresh()
        self.certificates.refresh()

    async def watch(self) -> None:
        """Follow changed policies and certificates for ever."""
        interval = self.settings.poll_seconds
        await asyncio.gather(
            self.source.follow(),
            self.certificates.watch(interval),
            self._record(),
            self._give_back(),
        )

    async def _record(self) -> None:
        """Have what is answered recorded, for ever."""
        while True:
            await asyncio.sleep(BATCH_SECONDS)
            self.gateway.flush()

    async def _give_back(self) -> None:
        """Have no more memory than is needed, for ever."""
        memory = Memory()
        while True:
            await asyncio.sleep(MEMORY_SECONDS)
            memory.look()

    def _render_metrics(self) -> bytes:
        self.gateway.flush()
        return self.metrics.render()


def _probing(app: Any) -> Application:  # noqa: ANN401 # likewise
    """Serve the plain port: a probe does not wait for those who read metrics, however many."""
    metrics, others = _asgi(app), _asgi(app)

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        reads_metrics = scope["path"].startswith("/metrics")
        await (metrics if reads_metrics else others)(scope, receive, send)

    return serve


def _asgi(app: Any) -> Application:  # noqa: ANN401 # WSGI has no type that all agree on
    return cast("Application", WSGIMiddleware(app, workers=THREADS))
