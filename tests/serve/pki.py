"""Certificates for tests, in the files of a kubernetes.io/tls Secret."""

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

from webhook.control.certificates import Pair, make_ca, make_leaf

HOSTS = ("localhost", "127.0.0.1")


def authority() -> Pair:
    """Make a CA."""
    return make_ca(datetime.now(UTC))


def write(folder: Path, ca: Pair, age: timedelta = timedelta(0)) -> Pair:
    """Write a new leaf of `ca`, made `age` ago, as tls.crt and tls.key; give it."""
    leaf = make_leaf(ca, HOSTS, datetime.now(UTC) - age)
    folder.mkdir(exist_ok=True)
    (folder / "tls.crt").write_bytes(leaf.certificate_pem())
    (folder / "tls.key").write_bytes(leaf.key_pem())
    return leaf


def trusting(ca: Pair) -> ssl.SSLContext:
    """Give a client's context that trusts `ca` and nobody else."""
    return ssl.create_default_context(cadata=ca.certificate_pem().decode())
