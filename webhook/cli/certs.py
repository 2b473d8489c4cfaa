"""`gpuclass certs`: a CA and a serving pair as files, and as objects ready to apply."""

import base64
import os
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import yaml

from webhook.cli.console import Console
from webhook.control.certificates import Pair, make_ca, make_leaf
from webhook.core import registration
from webhook.core.errors import OperatorError

CA, CERTIFICATE, KEY = "ca.crt", "tls.crt", "tls.key"
SECRET, BUNDLE = "secret.yaml", "cabundle.yaml"
PRIVATE, PUBLIC = 0o600, 0o644
SECRET_NAME = "gpuclass-tls"  # noqa: S105 - a name
FIELD_MANAGER = "gpuclass-certs"

HOSTS = registration.Service().hosts


def run(out: Path, hosts: Sequence[str], *, force: bool, console: Console) -> int:
    """Write certificates for `hosts` (none: the Service's names) into the folder `out`."""
    now = datetime.now(UTC)
    ca = make_ca(now)
    leaf = make_leaf(ca, tuple(hosts) or HOSTS, now)
    write(out, ca, leaf, force=force)
    console.print(f"{out}: wrote {CA}, {CERTIFICATE}, {KEY}, {SECRET}, {BUNDLE}")
    console.print(f"  for {', '.join(tuple(hosts) or HOSTS)}")
    console.print(f"  valid until {leaf.certificate.not_valid_after_utc:%Y-%m-%d}")
    console.print("next, where no controller makes certificates (certs/README.md):")
    for name in (SECRET, BUNDLE):
        console.print(
            f"  kubectl apply --server-side --field-manager={FIELD_MANAGER} -f {out / name}"
        )
    console.print(f"keep {KEY} and {SECRET} out of Git: they hold the key")
    return 0


def write(out: Path, ca: Pair, leaf: Pair, *, force: bool = False) -> None:
    """Write the five files, keys readable for their owner alone; none is half written."""
    files = {
        CA: (ca.certificate_pem(), PUBLIC),
        CERTIFICATE: (leaf.certificate_pem(), PUBLIC),
        KEY: (leaf.key_pem(), PRIVATE),
        SECRET: (_dump([_secret(leaf, ca)]), PRIVATE),
        BUNDLE: (_dump(_bundles(ca)), PUBLIC),
    }
    if (out / KEY).exists() and not force:
        raise OperatorError(f"{out / KEY} exists; --force replaces it and what belongs to it")
    try:
        out.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name, (content, mode) in files.items():
            _replace(out / name, content, mode)
    except OSError as error:
        raise OperatorError(f"{error.filename}: can not be written: {error.strerror}") from error


def _replace(path: Path, content: bytes, mode: int) -> None:
    """Write beside the file and rename, so that a reader sees the old one or the new one."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    draft.touch(mode=mode)
    draft.write_bytes(content)
    draft.replace(path)


def _secret(leaf: Pair, ca: Pair) -> dict[str, object]:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "kubernetes.io/tls",
        "metadata": {"name": SECRET_NAME, "namespace": registration.NAMESPACE},
        "data": {
            CERTIFICATE: _encoded(leaf.certificate_pem()),
            KEY: _encoded(leaf.key_pem()),
            CA: _encoded(ca.certificate_pem()),
        },
    }


def _bundles(ca: Pair) -> list[dict[str, object]]:
    """Give the two webhook configurations with their caBundle and nothing else.

    Applied by a field manager of its own: what `gpuclass render` printed is applied again without
    a conflict.
    """
    bundle = _encoded(ca.certificate_pem())
    return [
        {
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": kind,
            "metadata": {"name": registration.NAME},
            "webhooks": [{"name": name, "clientConfig": {"caBundle": bundle}} for name in entries],
        }
        for kind, entries in registration.ENTRIES.items()
    ]


def _encoded(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")


def _dump(documents: Iterable[dict[str, object]]) -> bytes:
    return yaml.safe_dump_all(documents, sort_keys=False).encode()
