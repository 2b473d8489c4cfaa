"""Expositions that a test makes up, on a port for Prometheus to scrape."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.cluster.answering import answering

PAUSE_SECONDS = 1.0
TEXT = "text/plain; version=0.0.4"


@contextmanager
def exposed(render: Callable[[], str]) -> Iterator[int]:
    """Give the port of a server that answers every GET at once with what `render` gave last.

    It is asked again each second, in a thread: who scrapes has no time to wait for it.
    """
    texts, over = [render()], threading.Event()

    def ask() -> None:
        while not over.wait(PAUSE_SECONDS):
            texts[0] = render()

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    try:
        with answering(lambda *_: texts[0].encode(), content_type=TEXT) as port:
            yield port
    finally:
        over.set()
        thread.join()
