"""`gpuclass serve`: the admission server, with certificates that are given or of its own."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from webhook.cli import certs
from webhook.control.certificates import make_ca, make_leaf
from webhook.core.errors import OperatorError
from webhook.process.settings import Address
from webhook.serve import master
from webhook.serve.settings import Settings

LOCAL = ("localhost", "127.0.0.1", "::1")


def run(settings: Settings, *, welcome: bool) -> int:
    """Serve until a signal ends it."""
    if welcome and settings.policies is None:
        raise OperatorError("--welcome: shows the policies in a folder; name one by --policies DIR")
    with _certificates(settings) as folder:
        guide = _Guide(settings, folder) if welcome else None
        try:
            master.run(settings, folder, guide.show if guide else _nothing)
        finally:
            if guide:
                guide.end()
    return 0


@contextmanager
def _certificates(settings: Settings) -> Iterator[Path]:
    """Give the folder of the serving pair: the one that is named, or a private one for now."""
    if settings.certs is not None:
        yield settings.certs
        return
    now = datetime.now(UTC)
    ca = make_ca(now)
    try:
        private = tempfile.TemporaryDirectory(prefix="gpuclass-certs-")
    except OSError as error:
        raise OperatorError(
            f"no temporary folder for a certificate of its own: {error.strerror}; "
            "set TMPDIR to a folder that can be written, or give certificates by --certs"
        ) from error
    with private as folder:
        hosts = dict.fromkeys((*LOCAL, settings.bind.host, *certs.HOSTS))
        certs.write(Path(folder), ca, make_leaf(ca, tuple(hosts), now))
        yield Path(folder)


def _nothing(_: Address, __: Address) -> None:
    """Say nothing when the sockets listen."""


class _Guide:
    """The process that reviews a sample over the wire and prints the first screen."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self._settings, self._folder = settings, folder
        self._process: subprocess.Popen[bytes] | None = None

    def show(self, admission: Address, probes: Address) -> None:
        """Start it: gunicorn is about to fork, which no thread of ours would survive."""
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            [
                sys.executable,
                "-m",
                "webhook.cli.welcome",
                str(admission),
                str(probes),
                str(self._folder / certs.CA),
                str(self._settings.policies),
            ]
        )

    def end(self) -> None:
        """End it, if it has not ended by itself."""
        if self._process and self._process.poll() is None:
            self._process.terminate()
            self._process.wait()
