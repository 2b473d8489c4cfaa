"""Certificates: a CA, and leaves that it signs (ECDSA P-256, RFC 5280).

CA and leaf are apart, so that a leaf can be renewed without a word to anybody. Both are valid from
an hour back: clocks differ. The clock is handed in.
"""

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from webhook.core.errors import OperatorError

CA_LIFE = timedelta(days=3650)
LEAF_LIFE = timedelta(days=365)
SKEW = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    def certificate_pem(self) -> bytes:
        """Write the certificate."""
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def key_pem(self) -> bytes:
        """Write the key, unencrypted PKCS8."""
        return self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )


def make_ca(now: datetime, life: timedelta = CA_LIFE) -> Pair:
    """Make a CA that may sign leaves and nothing below them."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name("gpuclass CA")
    builder = (
        _builder(name, name, key.public_key(), now, life)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs=True), critical=True)
    )
    return Pair(certificate=builder.sign(key, hashes.SHA256()), key=key)


def make_leaf(ca: Pair, hosts: Sequence[str], now: datetime, life: timedelta = LEAF_LIFE) -> Pair:
    """Make a serving certificate for `hosts`: DNS names, or addresses as IP SANs.

    Raises OperatorError for a host that is neither.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    names = x509.SubjectAlternativeName([_san(host) for host in hosts])
    issuer = ca.certificate.subject
    authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(ca.key.public_key())
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    builder = (
        _builder(_name("gpuclass"), issuer, key.public_key(), now, life)
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs=False), critical=True)
        .add_extension(usage, critical=False)
        .add_extension(authority, critical=False)
    )
    return Pair(certificate=builder.sign(ca.key, hashes.SHA256()), key=key)


def made_at(certificate: x509.Certificate) -> datetime:
    """Give when a certificate of ours was made: it is valid from before that."""
    return certificate.not_valid_before_utc + SKEW


def renewal(certificate: x509.Certificate) -> datetime:
    """Give when to renew a certificate: at two thirds of its life."""
    made = made_at(certificate)
    return made + (certificate.not_valid_after_utc - made) * 2 / 3


def is_issued_by(leaf: x509.Certificate, ca: x509.Certificate) -> bool:
    """Tell whether a CA signed a certificate."""
    try:
        leaf.verify_directly_issued_by(ca)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def read_all(pem: bytes) -> tuple[x509.Certificate, ...]:
    """Read a bundle; what is no certificate gives nothing."""
    try:
        return tuple(x509.load_pem_x509_certificates(pem))
    except ValueError:
        return ()


def read_pair(certificate: bytes, key: bytes) -> Pair | None:
    """Read a certificate and its key; None if they are none, or do not belong together."""
    try:
        found = x509.load_pem_x509_certificate(certificate)
        private = serialization.load_pem_private_key(key, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None
    if not isinstance(private, ec.EllipticCurvePrivateKey):
        return None
    if private.public_key() != found.public_key():
        return None
    return Pair(certificate=found, key=private)


def write_all(certificates: Iterable[x509.Certificate]) -> bytes:
    """Write a bundle."""
    return b"".join(each.public_bytes(serialization.Encoding.PEM) for each in certificates)


def hosts_of(certificate: x509.Certificate) -> frozenset[str]:
    """Give the DNS names and addresses that a certificate is for."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return frozenset()
    addresses = names.get_values_for_type(x509.IPAddress)
    return frozenset((*names.get_values_for_type(x509.DNSName), *map(str, addresses)))


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    public_key: ec.EllipticCurvePublicKey,
    now: datetime,
    life: timedelta,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - SKEW)
        .not_valid_after(now + life)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs,
        key_cert_sign=signs,
        crl_sign=signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _san(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        pass
    labels = host.removeprefix("*.").split(".")
    if not all(_is_label(label) for label in labels):
        raise OperatorError(f"{host!r} is neither a DNS name nor an address")
    return x509.DNSName(host)


def _is_label(label: str) -> bool:
    """Tell whether text is a label of a DNS name (RFC 1123)."""
    inner = label.replace("-", "")
    return (
        0 < len(label) < 64  # noqa: PLR2004 - RFC 1035 section 2.3.4
        and inner.isascii()
        and inner.isalnum()
        and label[0] != "-" != label[-1]
    )
