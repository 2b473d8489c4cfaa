"""The server's half of a TLS handshake, without a network: what of it all is OpenSSL's."""

import ssl
import time
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.growth.report import Section, row
from benchmarks.servers import write_certificate
from webhook.serve.metrics import Metrics
from webhook.serve.tls import CERTIFICATE, KEY, Certificates

COUNT = 100
SERVED, TICKETS = "as served", "with OpenSSL's two session tickets"


def section(rounds: int) -> Section:
    """Measure the context that is served, and one that sends tickets which no API server keeps."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        write_certificate(folder)
        contexts = {SERVED: Certificates(folder, Metrics()).context, TICKETS: _usual(folder)}
        client = _client(folder)
        spent: dict[str, list[float]] = {column: [] for column in contexts}
        for _ in range(rounds):
            for column, context in contexts.items():
                spent[column].append(cost(context, client))
    return Section(
        name="handshake",
        title="The server's half of a TLS handshake, without a network",
        unit="us of CPU",
        columns=tuple(spent),
        rows=[row(ssl.OPENSSL_VERSION.rsplit(maxsplit=3)[0], spent)],
    )


def _usual(folder: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_cert_chain(folder / CERTIFICATE, folder / KEY)
    return context


def _client(folder: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(folder / "ca.crt"))
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    return context


def cost(context: ssl.SSLContext, client: ssl.SSLContext, count: int = COUNT) -> float:
    """Give the microseconds of a handshake that the server's half takes, the mean of some."""
    return sum(shake(context, client) for _ in range(count)) / count * 1e6


def shake(context: ssl.SSLContext, client: ssl.SSLContext) -> float:
    """Shake hands in memory; give the seconds of the server's half."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    asking = client.wrap_bio(to_client, to_server, server_hostname="localhost")
    began = time.thread_time()
    answering = context.wrap_bio(to_server, to_client, server_side=True)
    spent = time.thread_time() - began
    _step(asking)
    spent += _step(answering)
    _step(asking)
    return spent + _step(answering)


def _step(side: ssl.SSLObject) -> float:
    began = time.thread_time()
    with suppress(ssl.SSLWantReadError):
        side.do_handshake()
    return time.thread_time() - began
