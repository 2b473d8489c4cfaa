"""The composition root: settings in, everything that a worker serves out."""

import sys
import time
from functools import partial
from pathlib import Path
from typing import Any, cast

from a2wsgi import WSGIMiddleware

from webhook.core.decide import decide
from webhook.serve import logs
from webhook.serve.answer import Answerer
from webhook.serve.application import probes, reviews
from webhook.serve.asgi import Application, Gateway
from webhook.serve.health import Health
from webhook.serve.metrics import Metrics
from webhook.serve.observer import Observer
from webhook.serve.settings import Settings
from webhook.serve.snapshots import Snapshots
from webhook.serve.tls import Certificates
from webhook.watch import policies
from webhook.watch.files import fingerprint

FLASK_THREADS = 2


class Service:
    """Everything that one worker serves, and what it looks after while it does."""

    def __init__(self, settings: Settings, certs: Path) -> None:
        """Compose it; policy and certificate are loaded by `start`."""
        self.settings = settings
        self.metrics = Metrics()
        self.writer = logs.LineWriter(sys.stderr.fileno())
        logs.configure(settings.log_level, settings.log_format, self.writer)
        self.certificates = Certificates(certs, self.metrics)
        self.snapshots = Snapshots(
            partial(policies.load, settings.policies),
            partial(fingerprint, settings.policies),
            self.metrics,
        )
        self.health = Health(snapshots=self.snapshots, expiry=lambda: self.certificates.expiry)
        answerer = Answerer(decide, lambda: self.snapshots.policy)
        observer = Observer(
            self.metrics, self.writer, logs.RENDER[settings.log_format], clock=time.time
        )
        limit = settings.max_body_bytes
        others = _asgi(reviews(self.health, self.metrics, answerer, observer, limit))
        self.admission: Application = Gateway(answerer, observer, self.health, others, limit)
        self.probes: Application = _asgi(probes(self.health, self.metrics))

    def start(self) -> None:
        """Load policy and certificate; what is missing shows in /readyz."""
        self.writer.start()
        self.refresh()

    def drain(self) -> None:
        """Say that the end is near: not ready any more, connections are closed by answers."""
        self.health.draining = True
        self.metrics.draining.set(1)

    def refresh(self) -> None:
        """Take over what changed on disk; faults are logged and counted, the last good stays."""
        self.snapshots.refresh()
        self.certificates.refresh()


def _asgi(app: Any) -> Application:  # noqa: ANN401 # WSGI has no type that all agree on
    return cast("Application", WSGIMiddleware(app, workers=FLASK_THREADS))
