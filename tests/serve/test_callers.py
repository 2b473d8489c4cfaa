"""Who may send reviews where client certificates are demanded: by the wire, and by name."""

import http.client
import json
import logging
import ssl
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.pki import Authority, KeyPair
from tests.serve import pki, reviews
from tests.serve.running import SOON, Running, ask, error, eventually, received_until_end
from webhook.control.probe import Probe
from webhook.core.errors import OperatorError
from webhook.process.settings import Address
from webhook.serve import guard
from webhook.serve.callers import ANYBODY, NO_CERTIFICATE, Callers
from webhook.serve.metrics import Metrics
from webhook.serve.tls import Certificates

NAME = "front-proxy-client"
CA_EXPIRY = "gpuclass_client_ca_expiry_timestamp_seconds"


def shown(*names: str) -> dict[str, Any]:
    """Give a certificate as the ssl module shows it."""
    return {"subject": ((("organizationName", "o"),), *((("commonName", each),) for each in names))}


@pytest.mark.parametrize(
    ("callers", "certificate", "fault"),
    [
        pytest.param(ANYBODY, None, "", id="nothing is demanded"),
        pytest.param(Callers(ca=Path("x")), None, NO_CERTIFICATE, id="none"),
        pytest.param(Callers(ca=Path("x")), {}, NO_CERTIFICATE, id="an empty one"),
        pytest.param(Callers(ca=Path("x")), shown("a"), "", id="any name"),
        pytest.param(Callers(ca=Path("x"), names=("a", "b")), shown("b"), "", id="a name"),
        pytest.param(
            Callers(ca=Path("x"), names=("a", "b")),
            shown("c\n\u202e", "d"),
            r"the client certificate is of c\n\u202e, d; let in: a, b",
            id="other names",
        ),
        pytest.param(
            Callers(ca=Path("x"), names=("a",)),
            shown(),
            "the client certificate is of nobody; let in: a",
            id="no name",
        ),
    ],
)
def test_a_caller_is_let_in_or_told_why_not(
    callers: Callers, certificate: dict[str, Any] | None, fault: str
) -> None:
    assert callers.fault(certificate) == fault


class Guarded(Running):
    """A listener that demands certificates of a CA, by one name."""

    def __init__(self, folder: Path, authority: Authority, **changes: Any) -> None:  # noqa: ANN401
        """Demand certificates of the authority."""
        self.file = folder / "client-ca.crt"
        self.file.write_bytes(authority.certificate.read_bytes())
        super().__init__(folder / "certs", client_ca=self.file, client_names=(NAME,), **changes)

    def caller(self, pair: KeyPair | None) -> http.client.HTTPConnection:
        """Give a client that shows a certificate, or none."""
        context = pki.trusting(self.ca)
        if pair:
            context.load_cert_chain(pair.certificate, pair.key)
        return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=60, context=context)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "clients")


@pytest.fixture
def server(tmp_path: Path, authority: Authority) -> Iterator[Guarded]:
    with Guarded(tmp_path, authority) as running:
        yield running


def test_who_shows_the_certificate_is_answered(
    server: Guarded, authority: Authority, tmp_path: Path
) -> None:
    client = server.caller(authority.client(tmp_path / "api-server", NAME))
    for _ in range(2):
        assert ask(client, "POST", "/mutate", reviews.body())[0] == 200
    assert server.cuts("client") == 0
    client.close()


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        pytest.param(None, NO_CERTIFICATE, id="none"),
        pytest.param(
            "alice",
            f"the client certificate is of alice; let in: {NAME}",
            id="somebody else's",
        ),
    ],
)
@pytest.mark.parametrize("path", ["/mutate", "/validate", "/readyz", "/anything"])
def test_who_shows_none_or_another_s_is_told_so_whatever_he_asks(
    server: Guarded, authority: Authority, tmp_path: Path, name: str | None, fault: str, path: str
) -> None:
    client = server.caller(authority.client(tmp_path / "c", name) if name else None)
    reply = ask(client, "POST", path, reviews.body())
    assert (reply[0], reply[1]["connection"], error(reply)) == (403, "close", fault)
    eventually(lambda: server.cuts("client") == 1)
    client.close()


def test_what_a_stranger_sends_is_not_read(server: Guarded) -> None:
    with pki.trusting(server.ca).wrap_socket(server.tcp(), server_hostname="localhost") as sock:
        sock.sendall(b"\x00rubbish")
        head, _, body = received_until_end(sock).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 403 ")
    assert reviews.fault(403, json.loads(body)) == NO_CERTIFICATE
    assert (server.cuts("client"), server.cuts("malformed")) == (1, 0)


@pytest.mark.parametrize("wrong", ["expired", "of another CA", "a server's"])
def test_a_wrong_certificate_ends_the_handshake_and_is_told_of_once(
    server: Guarded,
    authority: Authority,
    tmp_path: Path,
    wrong: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    pairs = {
        "expired": (authority.client(tmp_path / "a", NAME, lifetime=-timedelta(minutes=1))),
        "of another CA": Authority(tmp_path / "other").client(tmp_path / "b", NAME),
        "a server's": authority.server(tmp_path / NAME, ["localhost"]),
    }
    reasons = {
        "expired": "certificate has expired",
        "of another CA": "unable to get local issuer certificate",
        "a server's": "unsuitable certificate purpose",
    }
    with caplog.at_level(logging.WARNING, "gpuclass"):
        for count in (1, 2):
            client = server.caller(pairs[wrong])
            with pytest.raises(OSError):  # noqa: PT011 # an alert, or the end before it
                ask(client, "POST", "/mutate", reviews.body())
            client.close()
            eventually(lambda count=count: server.cuts("client") == count)  # type: ignore[misc]
    (line,) = caplog.records
    assert line.message == "client refused"
    assert line.fields["reason"] == reasons[wrong]  # type: ignore[attr-defined]
    assert line.fields["peer"].startswith("127.0.0.1:")  # type: ignore[attr-defined]


def test_of_many_strangers_a_line_is_written_now_and_then(
    server: Guarded, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "TELL_SECONDS", 0.0)
    for _ in range(2):
        client = server.caller(None)
        ask(client, "GET", "/")
        client.close()
    assert [each.message for each in caplog.records].count("client refused") == 2


def test_who_shakes_hands_and_says_nothing_sees_the_certificate_and_is_no_stranger(
    server: Guarded,
) -> None:
    probe = Probe(Address(host="127.0.0.1", port=server.port), "localhost")
    assert probe.ask((server.ca.certificate,)).fault == ""
    assert server.cuts("client") == 0


def test_a_stranger_is_not_waited_for_as_long_as_the_api_server(
    tmp_path: Path, authority: Authority
) -> None:
    with Guarded(tmp_path, authority, header_seconds=SOON) as server, server.tls() as silent:
        assert silent.recv(1) == b""
        assert server.cuts("client") == 0


def test_probes_are_for_everybody(tmp_path: Path, authority: Authority) -> None:
    file = authority.certificate
    with Running(tmp_path / "certs", "probes", client_ca=file) as server:
        client = server.client()
        assert [ask(client, "GET", path)[0] for path in ("/livez", "/metrics")] == [200, 200]
        client.close()


def test_a_new_ca_is_taken_over_without_a_loss_and_the_old_one_forgotten(
    tmp_path: Path, authority: Authority
) -> None:
    """Both CAs first, then the client's certificate, then the new CA alone: nothing is lost."""
    new = Authority(tmp_path / "new")
    old, renewed = authority.client(tmp_path / "old", NAME), new.client(tmp_path / "renewed", NAME)
    lost: list[OSError] = []
    answered: list[int] = []
    pair, ending = old, threading.Event()

    def send() -> None:
        while not ending.is_set():
            client = running.caller(pair)
            try:
                answered.append(ask(client, "POST", "/mutate", reviews.body())[0])
            except OSError as failure:
                lost.append(failure)
            client.close()

    def use(*authorities: Authority) -> None:
        running.file.write_bytes(b"".join(each.certificate.read_bytes() for each in authorities))
        running.call(running.service.certificates.refresh)
        before = len(answered)
        eventually(lambda: len(answered) > before + 5)

    with Guarded(tmp_path, authority) as running:
        threads = [threading.Thread(target=send) for _ in range(2)]
        for each in threads:
            each.start()
        use(authority, new)
        pair = renewed
        use(authority, new)
        use(new)
        ending.set()
        for each in threads:
            each.join()
        assert (lost, set(answered)) == ([], {200})
        client = running.caller(old)
        with pytest.raises(OSError):  # noqa: PT011 # an alert, or the end before it
            ask(client, "POST", "/mutate", reviews.body())
        client.close()


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        pytest.param(None, "can not be read: No such file or directory", id="gone"),
        pytest.param(b"", "holds no PEM certificates", id="empty"),
        pytest.param(b"-----BEGIN X-----", "holds no PEM certificates", id="no certificate"),
    ],
)
def test_a_broken_ca_is_refused_at_the_start_and_changes_nothing_later(
    tmp_path: Path, authority: Authority, content: bytes | None, fault: str
) -> None:
    certs, file = tmp_path / "certs", tmp_path / "ca.crt"
    pki.write(certs, pki.authority())
    file.write_bytes(authority.certificate.read_bytes())
    metrics, callers = Metrics(), Callers(ca=file)
    certificates = Certificates(certs, metrics, callers)
    before, ends = certificates.context, metrics.registry.get_sample_value(CA_EXPIRY)
    with suppress(FileNotFoundError):
        file.unlink()
    if content is not None:
        file.write_bytes(content)
    certificates.refresh()
    assert certificates.fault == f"{file}: {fault}"
    assert certificates.context is before
    assert metrics.registry.get_sample_value(CA_EXPIRY) == ends != 0
    assert before.verify_mode is ssl.CERT_OPTIONAL
    with pytest.raises(OperatorError, match=fault):
        Certificates(certs, Metrics(), callers)
