"""The TLS context: one for life, its certificate renewed in place, and never by a broken pair.

Loading a mismatched pair into a live context raises *and* leaves the context dead: every handshake
then fails. So both files are read once, tried in a scratch context, and only then loaded into the
live one; new handshakes take it at once, open connections are not touched.
"""

import asyncio
import logging
import os
import ssl
import tempfile
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography import x509

from webhook.core.errors import OperatorError
from webhook.process.logs import ROOT, fields, timestamp
from webhook.serve.metrics import Metrics

CERTIFICATE, KEY = "tls.crt", "tls.key"
"""The files of a kubernetes.io/tls Secret."""

_log = logging.getLogger(f"{ROOT}.certificate")


class Certificates:
    """Keeps a live context in step with a folder that holds tls.crt and tls.key.

    `expiry` is when the certificate in use ends, in seconds since the epoch; `fault` says what is
    wrong with the files as they are now, and is empty when they are in use.
    """

    def __init__(self, folder: Path, metrics: Metrics) -> None:
        """Load the pair; OperatorError says what is wrong with it."""
        self.context = _context()
        self.fault = ""
        self._folder = folder
        self._metrics = metrics
        self._seen = _fingerprint(folder)
        pair = _read_pair(folder)
        self.expiry = _check(folder, pair)
        _load(self.context, pair)
        metrics.certificate_expiry.set(self.expiry)

    def refresh(self) -> None:
        """Load the pair if its files changed; a broken one changes nothing but `fault`."""
        seen = _fingerprint(self._folder)
        if seen == self._seen:
            return
        self._seen = seen
        try:
            pair = _read_pair(self._folder)
            expiry = _check(self._folder, pair)
        except OperatorError as error:
            self.fault = str(error)
            self._metrics.certificate_failures.inc()
            _log.error("certificate refused", extra=fields(fault=self.fault))
            return
        _load(self.context, pair)
        self.expiry, self.fault = expiry, ""
        self._metrics.certificate_expiry.set(expiry)
        self._metrics.certificate_reloads.inc()
        _log.info("certificate in use", extra=fields(expiry=timestamp(expiry)))

    async def watch(self, interval: float) -> None:
        """Refresh every `interval` seconds; two small files hold nothing up."""
        while True:
            self.refresh()
            await asyncio.sleep(interval)


def _context() -> ssl.SSLContext:
    """Make a context for TLS 1.3, or 1.2 where a client has no more; HTTP/1.1 is all we speak."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_TICKET
    # client-go resumes no session: tickets would be made and sent for nothing.
    context.num_tickets = 0
    context.set_alpn_protocols(["http/1.1"])
    return context


def _fingerprint(folder: Path) -> Hashable:
    """Give what changes when a file is replaced or written, or a mounted Secret is swapped."""
    try:
        stats = [(folder / name).stat() for name in (CERTIFICATE, KEY)]
    except OSError as error:
        return error.errno
    return tuple((each.st_dev, each.st_ino, each.st_mtime_ns, each.st_size) for each in stats)


def _read_pair(folder: Path) -> tuple[bytes, bytes]:
    return _read(folder / CERTIFICATE), _read(folder / KEY)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise OperatorError(f"{path}: can not be read: {error.strerror}") from error


def _check(folder: Path, pair: tuple[bytes, bytes]) -> float:
    """Give when the certificate expires; OperatorError if the two files are no pair."""
    try:
        found = x509.load_pem_x509_certificate(pair[0])
    except ValueError as error:
        raise OperatorError(f"{folder / CERTIFICATE}: is no PEM certificate") from error
    try:
        _load(_context(), pair)
    except (ssl.SSLError, ValueError) as error:
        is_mismatch = "MISMATCH" in str(error)
        problem = f"is not the key of {CERTIFICATE}" if is_mismatch else "is no unencrypted PEM key"
        raise OperatorError(f"{folder / KEY}: {problem}") from error
    return found.not_valid_after_utc.timestamp()


def _load(context: ssl.SSLContext, pair: tuple[bytes, bytes]) -> None:
    with _private_file(b"\n".join(pair)) as path:
        # With a password, even an empty one, OpenSSL does not ask the terminal for one.
        context.load_cert_chain(path, password=b"")


@contextmanager
def _private_file(content: bytes) -> Iterator[str]:
    """Give the name of a file that nobody else can read: in memory where the system has that."""
    if hasattr(os, "memfd_create"):
        with os.fdopen(os.memfd_create("gpuclass"), "wb") as file:
            file.write(content)
            file.flush()
            yield f"/proc/self/fd/{file.fileno()}"
    else:
        with tempfile.NamedTemporaryFile() as file:
            file.write(content)
            file.flush()
            yield file.name
