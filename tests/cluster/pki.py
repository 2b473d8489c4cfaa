"""The certificates and keys of one throw-away control plane.

It makes them and writes them with mode 0600; who uses which is said by `components`.
"""

import datetime as dt
import ipaddress
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

LIFETIME = dt.timedelta(days=7)
BACKDATED = dt.timedelta(hours=1)

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPair:
    """Paths of a certificate (or a public key) and of its private key, both PEM."""

    certificate: Path
    key: Path


def key_pair(base: Path) -> KeyPair:
    """Give where the pair of a base path is, whether it was made yet or not."""
    return KeyPair(
        certificate=base.with_name(f"{base.name}.crt"), key=base.with_name(f"{base.name}.key")
    )


class Authority:
    """A CA, which signs for servers and for clients.

    `base` is always a path without a suffix: `.crt` and `.key` are added.
    """

    def __init__(self, base: Path) -> None:
        """Make the CA's key and certificate, named as the file; only the certificate is written."""
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _subject(base.name, ())
        builder = _builder(self._name, self._name, self._key.public_key())
        builder = builder.add_extension(
            x509.BasicConstraints(ca=True, path_length=0), critical=True
        )
        self._certificate = builder.sign(self._key, hashes.SHA256())
        self.certificate = base.with_name(f"{base.name}.crt")
        _write(self.certificate, self._certificate.public_bytes(Encoding.PEM))

    def server(self, base: Path, hosts: Iterable[str]) -> KeyPair:
        """Sign a server certificate for DNS names and addresses."""
        names = x509.SubjectAlternativeName([_general_name(host) for host in hosts])
        return self._issue(base, _subject(base.name, ()), ExtendedKeyUsageOID.SERVER_AUTH, names)

    def client(
        self,
        base: Path,
        user: str,
        groups: Iterable[str] = (),
        lifetime: dt.timedelta = LIFETIME,
    ) -> KeyPair:
        """Sign a client certificate: CN is the user, each O a group (x509 authentication)."""
        usage, subject = ExtendedKeyUsageOID.CLIENT_AUTH, _subject(user, groups)
        return self._issue(base, subject, usage, None, lifetime)

    def _issue(
        self,
        base: Path,
        subject: x509.Name,
        usage: ObjectIdentifier,
        names: x509.SubjectAlternativeName | None,
        lifetime: dt.timedelta = LIFETIME,
    ) -> KeyPair:
        """Make a key, sign its certificate and write both."""
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder(subject, self._name, key.public_key(), lifetime)
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        builder = builder.add_extension(
            x509.BasicConstraints(ca=False, path_length=None), critical=True
        )
        if names:
            builder = builder.add_extension(names, critical=False)
        certificate = builder.sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM)
        pair = key_pair(base)
        _write(pair.certificate, certificate)
        _write(pair.key, _private(key))
        return pair


def service_account_keys(folder: Path) -> KeyPair:
    """Make the pair that signs and checks service account tokens (RS256).

    The public half is a bare SubjectPublicKeyInfo, which is what kube-apiserver reads.
    """
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    pair = KeyPair(certificate=folder / "service-account.pub", key=folder / "service-account.key")
    _write(pair.certificate, public)
    _write(pair.key, _private(key))
    return pair


def _subject(user: str, groups: Iterable[str]) -> x509.Name:
    """Give the distinguished name of a user in groups."""
    attributes = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in groups]
    return x509.Name([*attributes, x509.NameAttribute(NameOID.COMMON_NAME, user)])


def _general_name(host: str) -> x509.GeneralName:
    """Tell addresses from DNS names."""
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    public_key: ec.EllipticCurvePublicKey,
    lifetime: dt.timedelta = LIFETIME,
) -> x509.CertificateBuilder:
    """Begin a certificate; valid from an hour ago, in case clocks differ."""
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(now + lifetime)
    )


def _private(key: PrivateKey) -> bytes:
    """Encode a private key as PKCS#8, which every component reads."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _write(path: Path, content: bytes) -> None:
    """Write a file that nobody else may read, not even for a moment."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
