"""The probe, against a real TLS server."""

import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.control.tls import showing
from webhook.control.certificates import make_ca, make_leaf
from webhook.control.probe import Answer, Probe
from webhook.process.settings import Address

NOW = datetime.now(UTC)
CA, OTHER = make_ca(NOW), make_ca(NOW)
LEAF = make_leaf(CA, ["gpuclass.test"], NOW)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Address]:
    """Give where a server shows LEAF to whoever asks."""
    with showing(LEAF.certificate_pem() + LEAF.key_pem(), tmp_path) as address:
        yield address


def test_a_server_that_is_trusted_has_no_fault(server: Address) -> None:
    found = Probe(server, "gpuclass.test").ask([OTHER.certificate, CA.certificate])
    assert found == Answer(certificate=LEAF.certificate)


def test_a_server_that_is_not_trusted_shows_what_it_has(server: Address) -> None:
    found = Probe(server, "gpuclass.test").ask([OTHER.certificate])
    assert found.certificate == LEAF.certificate
    assert found.fault == (f"{server} as gpuclass.test: unable to get local issuer certificate")


def test_a_server_of_another_name_is_not_trusted(server: Address) -> None:
    found = Probe(server, "other.test").ask([CA.certificate])
    assert found.certificate == LEAF.certificate
    assert "Hostname mismatch" in found.fault


def test_nobody_there(server: Address) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    found = Probe(Address(host="127.0.0.1", port=port), "gpuclass.test").ask([CA.certificate])
    assert found == Answer(fault=f"127.0.0.1:{port} as gpuclass.test: Connection refused")
    assert server.port != port


def test_without_a_ca_nobody_is_asked() -> None:
    nobody = Probe(Address(host="127.0.0.1", port=1), "gpuclass.test")
    assert nobody.ask([]) == Answer(fault="there is no CA to trust it by")
