"""CA and leaf, as OpenSSL and the API server would see them."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from webhook.control.certificates import Pair, make_ca, make_leaf
from webhook.core.errors import OperatorError

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
HOST = "gpuclass.gpuclass-system.svc"


@pytest.fixture(scope="module")
def ca() -> Pair:
    """Give a CA."""
    return make_ca(NOW)


def verify(ca: Pair, leaf: Pair, host: str = HOST, at: datetime = NOW) -> None:
    """Verify a leaf as a TLS client does."""
    subject: x509.DNSName | x509.IPAddress = x509.DNSName(host)
    if host[0].isdigit():
        subject = x509.IPAddress(ip_address(host))
    verifier = PolicyBuilder().store(Store([ca.certificate])).time(at)
    verifier.build_server_verifier(subject).verify(leaf.certificate, [])


@pytest.mark.parametrize("host", [HOST, "127.0.0.1"])
def test_a_leaf_is_trusted_for_each_of_its_hosts(ca: Pair, host: str) -> None:
    verify(ca, make_leaf(ca, (HOST, "127.0.0.1"), NOW), host)


def test_a_leaf_is_not_trusted_for_another_host_or_by_another_ca(ca: Pair) -> None:
    leaf = make_leaf(ca, (HOST,), NOW)
    with pytest.raises(VerificationError):
        verify(ca, leaf, "elsewhere.example.com")
    with pytest.raises(VerificationError):
        verify(make_ca(NOW), leaf)


@pytest.mark.parametrize(
    ("at", "is_valid"),
    [
        pytest.param(timedelta(minutes=-59), True, id="a clock that is late"),
        pytest.param(timedelta(minutes=-61), False, id="a clock that is very late"),
        pytest.param(timedelta(days=364), True, id="its last days"),
        pytest.param(timedelta(days=366), False, id="after its life"),
    ],
)
def test_a_leaf_is_valid_from_an_hour_back_for_a_year(
    ca: Pair, at: timedelta, is_valid: bool
) -> None:
    leaf = make_leaf(ca, (HOST,), NOW)
    if is_valid:
        verify(ca, leaf, at=NOW + at)
    else:
        with pytest.raises(VerificationError):
            verify(ca, leaf, at=NOW + at)


def test_keys_are_p256_and_usages_are_apart(ca: Pair) -> None:
    leaf = make_leaf(ca, (HOST,), NOW).certificate
    assert isinstance(leaf.public_key(), ec.EllipticCurvePublicKey)
    usage = leaf.extensions.get_extension_for_class(x509.KeyUsage).value
    assert (usage.digital_signature, usage.key_cert_sign) == (True, False)
    extended = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(extended) == [ExtendedKeyUsageOID.SERVER_AUTH]
    basic = ca.certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
    assert (basic.ca, basic.path_length) == (True, 0)


@pytest.mark.parametrize("host", ["", "with space", "-dash", "dash-", "a..b", "x" * 64, "um_laut"])
def test_what_is_no_host_is_refused(ca: Pair, host: str) -> None:
    with pytest.raises(OperatorError, match="is neither a DNS name nor an address"):
        make_leaf(ca, (host,), NOW)
