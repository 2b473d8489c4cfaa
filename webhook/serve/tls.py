"""The TLS context: made anew when a file changes, and swapped whole, never for a broken one.

Loading a mismatched pair into a live context raises *and* leaves the context dead: every handshake
then fails. So all files are read once into a new context, which takes the place of the old one only
if everything in it is sound; new handshakes take it at once, open connections are not touched. A
CA that has left its file is gone with the old context: one that lives can not forget a CA.
"""

import asyncio
import logging
import os
import ssl
import tempfile
import time
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509

from webhook.core.errors import OperatorError
from webhook.process.logs import ROOT, fields, timestamp
from webhook.serve.callers import ANYBODY, Callers, demand
from webhook.serve.metrics import Metrics
from webhook.serve.settings import TlsVersion

CERTIFICATE, KEY = "tls.crt", "tls.key"
"""The files of a kubernetes.io/tls Secret."""

_VERSIONS = {
    TlsVersion.V1_2: ssl.TLSVersion.TLSv1_2,
    TlsVersion.V1_3: ssl.TLSVersion.TLSv1_3,
}

_log = logging.getLogger(f"{ROOT}.certificate")


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A context with all that the files held; from when to when that is valid, in seconds.

    Where no client CA is demanded, it never expires: 0.
    """

    context: ssl.SSLContext
    begin: float
    expiry: float
    client_ca_expiry: float = 0.0


class Certificates:
    """Keeps a context in step with a folder that holds tls.crt and tls.key, and with a client CA.

    `context` is what the next handshake takes; `expiry` is when the certificate in use ends, in
    seconds since the epoch; `fault` says what is wrong with the files as they are now, and is
    empty when they are in use.
    """

    def __init__(
        self,
        folder: Path,
        metrics: Metrics,
        callers: Callers = ANYBODY,
        least: TlsVersion = TlsVersion.V1_3,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Load the files; OperatorError says what is wrong with them.

        A pair that has expired is loaded: there is nothing better, and readiness says so.
        """
        self.fault = ""
        self._folder, self._metrics, self._clock = folder, metrics, clock
        self._callers, self._least = callers, least
        self._told: Hashable = None
        self._seen = self._fingerprint()
        self._use(self._load())

    def refresh(self) -> None:
        """Load the files if they changed; those that do not do change nothing but `fault`.

        They are looked at again each time: what was wrong may have been a want of file descriptors
        or of memory, or the time of day.
        """
        seen = self._fingerprint()
        if seen == self._seen:
            self._told, self.fault = None, ""
            return
        try:
            loaded = self._load()
            self._check_time(loaded)
        except OperatorError as error:
            self._refuse(seen, str(error))
            return
        self._seen, self._told, self.fault = seen, None, ""
        self._use(loaded)
        self._metrics.certificate_reloads.inc()
        _log.info("certificate in use", extra=fields(expiry=timestamp(self.expiry)))

    async def watch(self, interval: float) -> None:
        """Refresh every `interval` seconds, for ever; a few small files hold nothing up."""
        while True:
            try:
                self.refresh()
            except Exception as error:  # noqa: BLE001 # a fault of ours must not end the watch
                _log.error("certificate not looked at: internal fault", exc_info=error)
            await asyncio.sleep(interval)

    def _check_time(self, loaded: Loaded) -> None:
        """Raise OperatorError where no client would accept a certificate now."""
        path, now = self._folder / CERTIFICATE, self._clock()
        if loaded.expiry <= now:
            raise OperatorError(f"{path}: expired at {timestamp(loaded.expiry)}")
        if loaded.begin > now:
            raise OperatorError(f"{path}: is not valid before {timestamp(loaded.begin)}")

    def _refuse(self, seen: Hashable, fault: str) -> None:
        """Take note of what is wrong; each fault of the same files is told once."""
        self.fault = fault
        if self._told == (seen, fault):
            return
        self._told = seen, fault
        self._metrics.certificate_failures.inc()
        _log.error("certificate refused", extra=fields(fault=fault))

    def _use(self, loaded: Loaded) -> None:
        self.context, self.expiry = loaded.context, loaded.expiry
        self._metrics.certificate_expiry.set(loaded.expiry)
        self._metrics.client_ca_expiry.set(loaded.client_ca_expiry)

    def _load(self) -> Loaded:
        context = _context(self._least)
        begin, expiry = _load_pair(context, self._folder)
        ca = self._callers.ca
        demanded = demand(context, ca, _read(ca)) if ca else 0.0
        return Loaded(context=context, begin=begin, expiry=expiry, client_ca_expiry=demanded)

    def _fingerprint(self) -> Hashable:
        paths = (self._folder / CERTIFICATE, self._folder / KEY, self._callers.ca)
        return tuple(_stat(each) for each in paths if each)


def _context(least: TlsVersion) -> ssl.SSLContext:
    """Make a context; HTTP/1.1 is all we speak."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = _VERSIONS[least]
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_TICKET
    # client-go resumes no session: tickets would be made and sent for nothing.
    context.num_tickets = 0
    context.set_alpn_protocols(["http/1.1"])
    return context


def _stat(path: Path) -> Hashable:
    """Give what changes when a file is replaced or written, or a mounted Secret is swapped."""
    try:
        found = path.stat()
    except OSError as error:
        return error.errno
    return found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise OperatorError(f"{path}: can not be read: {error.strerror}") from error


def _load_pair(context: ssl.SSLContext, folder: Path) -> tuple[float, float]:
    """Load the pair; give from when to when it is valid. OperatorError: it is no pair."""
    certificate, key = _read(folder / CERTIFICATE), _read(folder / KEY)
    try:
        found = x509.load_pem_x509_certificate(certificate)
    except ValueError as error:
        raise OperatorError(f"{folder / CERTIFICATE}: is no PEM certificate") from error
    try:
        with _private_file(certificate + b"\n" + key) as path:
            # With a password, even an empty one, OpenSSL does not ask the terminal for one.
            context.load_cert_chain(path, password=b"")
    except (ssl.SSLError, ValueError) as error:
        is_mismatch = "MISMATCH" in str(error)
        problem = f"is not the key of {CERTIFICATE}" if is_mismatch else "is no unencrypted PEM key"
        raise OperatorError(f"{folder / KEY}: {problem}") from error
    except OSError as error:
        raise OperatorError(f"{folder}: the pair can not be taken: {error.strerror}") from error
    return found.not_valid_before_utc.timestamp(), found.not_valid_after_utc.timestamp()


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
