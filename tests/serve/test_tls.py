"""The TLS context: renewed in place, and never by a broken pair."""

import asyncio
import errno
import os
import ssl
import time
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from tests.serve import pki, reviews
from webhook.control.certificates import Pair
from webhook.core.errors import OperatorError
from webhook.process.logs import timestamp
from webhook.serve.health import Health
from webhook.serve.metrics import Metrics
from webhook.serve.snapshots import Snapshots
from webhook.serve.sources import FolderSource
from webhook.serve.tls import CERTIFICATE, KEY, Certificates


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    pki.write(tmp_path, pki.authority())
    return tmp_path


def shaken(context: ssl.SSLContext) -> ssl.SSLObject:
    """Give a client after a handshake in memory, and all that the server sent with it."""
    ours, theirs = ssl.MemoryBIO(), ssl.MemoryBIO()
    trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    client = trusting.wrap_bio(theirs, ours)
    server = context.wrap_bio(ours, theirs, server_side=True)
    for side in (client, server, client, server):
        with suppress(ssl.SSLWantReadError):
            side.do_handshake()
    with suppress(ssl.SSLWantReadError):
        client.read()
    return client


def served(certificates: Certificates) -> bytes:
    """Give the certificate that a client is shown."""
    shown = shaken(certificates.context).getpeercert(binary_form=True)
    assert shown is not None
    return shown


def has_ticket(context: ssl.SSLContext) -> bool:
    """Tell whether a client could resume its session."""
    session = shaken(context).session
    return session is not None and session.has_ticket


def test_no_session_ticket_is_made_which_no_api_server_would_keep(folder: Path) -> None:
    assert not has_ticket(Certificates(folder, Metrics()).context)
    usual = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    usual.load_cert_chain(folder / CERTIFICATE, folder / KEY)
    assert has_ticket(usual)


def der(pair: Pair) -> bytes:
    return pair.certificate.public_bytes(serialization.Encoding.DER)


def test_a_renewed_pair_is_served_by_the_next_handshake(folder: Path) -> None:
    certificates = Certificates(folder, Metrics())
    before = served(certificates)
    renewed = pki.write(folder, pki.authority())
    certificates.refresh()
    assert served(certificates) == der(renewed) != before
    assert certificates.expiry == renewed.certificate.not_valid_after_utc.timestamp()


@pytest.mark.parametrize(
    ("name", "content", "fault"),
    [
        pytest.param(
            "tls.crt", None, "tls.crt: can not be read: No such file", id="no certificate"
        ),
        pytest.param("tls.key", None, "tls.key: can not be read: No such file", id="no key"),
        pytest.param("tls.crt", b"x", "tls.crt: is no PEM certificate", id="no PEM certificate"),
        pytest.param("tls.key", b"x", "tls.key: is no unencrypted PEM key", id="no PEM key"),
        pytest.param("tls.key", b"", "tls.key: is no unencrypted PEM key", id="empty key"),
    ],
)
def test_a_broken_pair_changes_nothing_but_the_fault(
    folder: Path, name: str, content: bytes | None, fault: str
) -> None:
    metrics = Metrics()
    certificates = Certificates(folder, metrics)
    before = served(certificates)
    if content is None:
        (folder / name).unlink()
    else:
        (folder / name).write_bytes(content)
    certificates.refresh()
    certificates.refresh()
    assert certificates.fault.startswith(f"{folder}/{fault}")
    assert served(certificates) == before
    failures = "gpuclass_certificate_reload_failures_total"
    assert metrics.registry.get_sample_value(failures) == 1


def test_half_a_renewal_is_waited_out(folder: Path) -> None:
    certificates = Certificates(folder, Metrics())
    before, key = served(certificates), (folder / "tls.key").read_bytes()
    renewed = pki.write(folder, pki.authority())
    (folder / "tls.key").write_bytes(key)
    certificates.refresh()
    assert certificates.fault == f"{folder}/tls.key: is not the key of tls.crt"
    assert served(certificates) == before
    (folder / "tls.key").write_bytes(renewed.key_pem())
    certificates.refresh()
    assert (certificates.fault, served(certificates)) == ("", der(renewed))


FAILURES = "gpuclass_certificate_reload_failures_total"


@pytest.mark.parametrize(
    ("age", "fault"),
    [
        pytest.param(timedelta(days=400), "expired at ", id="expired"),
        pytest.param(timedelta(days=-2), "is not valid before ", id="not valid yet"),
    ],
)
def test_a_pair_that_no_client_would_accept_is_refused(
    folder: Path, age: timedelta, fault: str
) -> None:
    metrics = Metrics()
    certificates = Certificates(folder, metrics)
    before, expiry = served(certificates), certificates.expiry
    found = pki.write(folder, pki.authority(), age=age).certificate
    ends = found.not_valid_after_utc if age > timedelta(0) else found.not_valid_before_utc
    certificates.refresh()
    certificates.refresh()
    assert certificates.fault == f"{folder}/tls.crt: {fault}{timestamp(ends.timestamp())}"
    assert (served(certificates), certificates.expiry) == (before, expiry)
    assert metrics.registry.get_sample_value(FAILURES) == 1


def test_a_pair_of_tomorrow_is_taken_tomorrow(folder: Path) -> None:
    ahead = 0.0
    certificates = Certificates(folder, Metrics(), clock=lambda: time.time() + ahead)
    renewed = pki.write(folder, pki.authority(), age=timedelta(days=-1))
    certificates.refresh()
    assert "is not valid before" in certificates.fault
    ahead = timedelta(days=1).total_seconds()
    certificates.refresh()
    assert (certificates.fault, served(certificates)) == ("", der(renewed))


def test_a_pair_that_could_not_be_taken_is_tried_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    metrics = Metrics()
    certificates = Certificates(folder, metrics)
    before, renewed = served(certificates), pki.write(folder, pki.authority())

    def no_descriptor(_: str) -> int:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    with monkeypatch.context() as broken:
        broken.setattr(os, "memfd_create", no_descriptor)
        certificates.refresh()
        certificates.refresh()
    assert certificates.fault == f"{folder}: the pair can not be taken: Too many open files"
    assert served(certificates) == before
    assert metrics.registry.get_sample_value(FAILURES) == 1
    certificates.refresh()
    assert (certificates.fault, served(certificates)) == ("", der(renewed))


def test_the_pair_that_is_in_use_put_back_ends_the_fault(folder: Path) -> None:
    certificates = Certificates(folder, Metrics())
    kept = folder / "kept"
    (folder / "tls.key").rename(kept)
    certificates.refresh()
    assert certificates.fault
    kept.rename(folder / "tls.key")
    certificates.refresh()
    assert certificates.fault == ""


def test_an_encrypted_key_asks_nobody_for_a_password(folder: Path) -> None:
    pair = pki.write(folder, pki.authority())
    encrypted = pair.key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"secret"),
    )
    (folder / "tls.key").write_bytes(encrypted)
    with pytest.raises(OperatorError, match=r"tls\.key: is no unencrypted PEM key"):
        Certificates(folder, Metrics())


def test_a_pair_is_read_where_the_system_has_no_files_in_memory(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "memfd_create")
    assert served(Certificates(folder, Metrics()))


def test_the_watch_looks_again_and_again(folder: Path) -> None:
    certificates = Certificates(folder, Metrics())
    renewed = pki.write(folder, pki.authority())

    async def watch_until_it_is_served() -> None:
        watching = asyncio.create_task(certificates.watch(0.01))
        async with asyncio.timeout(60):
            while served(certificates) != der(renewed):  # noqa: ASYNC110 # it tells nobody
                await asyncio.sleep(0.01)
        watching.cancel()

    asyncio.run(watch_until_it_is_served())


def test_an_expired_certificate_is_not_ready(tmp_path: Path) -> None:
    pair = pki.write(tmp_path, pki.authority(), age=timedelta(days=400))
    metrics = Metrics()
    certificates = Certificates(tmp_path, metrics)
    ended = timestamp(pair.certificate.not_valid_after_utc.timestamp())
    found = Snapshots(metrics)
    found.accept(reviews.policy())
    source = FolderSource(reviews.policy, lambda: 1, 1.0, found)
    health = Health(found, source, certificates, metrics)
    assert health.reasons() == [f"the certificate expired at {ended}"]
