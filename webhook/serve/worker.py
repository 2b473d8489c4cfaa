"""The worker: one event loop, two listeners, and an end at which nothing is lost.

uvicorn's worker runs under gunicorn. Ours are the second listener, for probes, and draining: after
SIGTERM it goes on serving, answers with `Connection: close`, and only then stops. (uvicorn alone
closes idle connections at once, and the API server never sends a lost POST again.)
"""

import asyncio
import gc
import logging
import os
import signal
from typing import Any, ClassVar

from uvicorn_worker import UvicornWorker

from webhook.process.logs import ROOT, fields, quiet_foreign
from webhook.process.sockets import address_of
from webhook.serve.listener import Listener
from webhook.serve.measures import ADMISSION, PROBES
from webhook.serve.service import Service

BEAT_SECONDS = 1.0
"""How often gunicorn is told that the loop turns."""

_log = logging.getLogger(f"{ROOT}.worker")


class Worker(UvicornWorker):  # type: ignore[misc] # gunicorn has no types
    """The one worker of a replica; what gunicorn calls `wsgi` is the service that it runs."""

    CONFIG_KWARGS: ClassVar[dict[str, Any]] = {"loop": "uvloop", "http": "httptools"}

    async def _serve(self) -> None:
        """Serve until a signal; called by `run`, in the worker's loop."""
        self._service: Service = self.wsgi
        for name in ("gunicorn.error", "uvicorn.error"):
            quiet_foreign(logging.getLogger(name))
        self._service.writer.start()
        try:
            await self._run()
        finally:
            self._service.gateway.flush()
            _log.info("stopped")
            self._service.writer.stop()

    async def _run(self) -> None:
        self._service.refresh()
        self._listeners = self._listen(self._service)
        self._install_signals()
        tasks = [asyncio.create_task(self._service.watch()), asyncio.create_task(self._beat())]
        # What lives until the end need not be looked through for garbage again and again.
        gc.collect()
        gc.freeze()
        self._announce()
        await asyncio.gather(*(listener.serve() for listener in self._listeners))
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _listen(self, service: Service) -> tuple[Listener, Listener]:
        admission, probes = (each.sock for each in self.sockets)
        reviews, probing = service.guard(ADMISSION, service.callers), service.guard(PROBES)
        return (
            Listener(
                service.admission,
                admission,
                reviews,
                lambda: service.certificates.context,
                service.gateway,
            ),
            Listener(service.probes, probes, probing),
        )

    def _announce(self) -> None:
        admission, probes = (str(address_of(each.sock)) for each in self.sockets)
        _log.info("serving", extra=fields(admission=admission, probes=probes))

    async def _beat(self) -> None:
        """Tell gunicorn that the loop turns; stop if gunicorn itself is gone."""
        while True:
            self.notify()
            if os.getppid() != self.ppid:
                self._stop()
            await asyncio.sleep(BEAT_SECONDS)

    def _install_signals(self) -> None:
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self._terminate)
        for number in (signal.SIGINT, signal.SIGQUIT):
            loop.add_signal_handler(number, self._stop_at_once)

    def _terminate(self) -> None:
        """Drain at the first SIGTERM, stop at once at the second."""
        if self._service.health.is_draining:
            self._stop_at_once()
            return
        seconds = self._service.settings.drain_seconds
        _log.info("draining", extra=fields(seconds=seconds))
        self._service.health.begin_drain()
        asyncio.get_running_loop().call_later(seconds, self._stop)

    def _stop_at_once(self) -> None:
        for listener in self._listeners:
            listener.force_exit = True
        self._stop()

    def _stop(self) -> None:
        for listener in self._listeners:
            listener.should_exit = True
