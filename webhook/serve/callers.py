"""Who may send reviews: anybody, or who shows a certificate of a CA that the operator names.

Where certificates are demanded, TLS ends a connection that shows a wrong one. Who shows none may
shake hands, as the controller does to see what is served, and say nothing; nothing that he sends is
read. The name is looked at here, once for each connection.
"""

import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from cryptography import x509

from webhook.core.errors import OperatorError
from webhook.core.text import shown as safely

Certificate: TypeAlias = Mapping[str, Any]
"""What ssl.SSLSocket.getpeercert gives."""

NAME_LENGTH = 64
"""Characters of a common name at most (RFC 5280, ub-common-name)."""

NO_CERTIFICATE = (
    "a client certificate is demanded here and none was shown: the API server shows one where its "
    "--admission-control-config-file names a kubeconfig that holds one for this server"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Callers:
    """What is demanded of clients.

    `ca` is a file of PEM certificates, of which one has to have signed a client's (None: nothing
    is demanded); `names` are the common names that are let in (none: every name).
    """

    ca: Path | None = None
    names: tuple[str, ...] = ()

    def fault(self, shown: Certificate | None) -> str:
        """Say why the owner of a certificate that was verified may send no review; empty: he may.

        None or an empty mapping: no certificate was shown.
        """
        if self.ca is None:
            return ""
        if not shown:
            return NO_CERTIFICATE
        found = tuple(_common_names(shown))
        if not self.names or set(found) & set(self.names):
            return ""
        called = ", ".join(safely(each, NAME_LENGTH) for each in found) or "nobody"
        return f"the client certificate is of {called}; let in: {', '.join(self.names)}"


ANYBODY = Callers()


def _common_names(shown: Certificate) -> Iterator[str]:
    for relative_name in shown.get("subject", ()):
        for key, value in relative_name:
            if key == "commonName":
                yield value


def demand(context: ssl.SSLContext, ca: Path, pem: bytes) -> float:
    """Have a context ask for certificates of the CAs in `pem`, which was read from the file `ca`.

    Gives when the last of them expires, in seconds since the epoch. Raises OperatorError.
    """
    try:
        found = x509.load_pem_x509_certificates(pem)
        context.load_verify_locations(cadata=pem.decode("ascii"))
    except (ValueError, ssl.SSLError) as error:
        raise OperatorError(f"{ca}: holds no PEM certificates") from error
    context.verify_mode = ssl.CERT_OPTIONAL
    return max(each.not_valid_after_utc.timestamp() for each in found)
