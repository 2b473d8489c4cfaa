"""What certificate the server shows, and whether a caBundle trusts it: one TLS handshake.

Nothing is asked of the server beyond that.
"""

import socket
import ssl
from collections.abc import Iterable
from dataclasses import dataclass

from cryptography import x509
from cryptography.x509 import Certificate

from webhook.control.certificates import write_all
from webhook.process.settings import Address

SECONDS = 1.0
"""The deadline of a connection and of a handshake; a Service answers in milliseconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What was found: `fault` says why the API server would not be answered; empty: it would."""

    certificate: Certificate | None = None
    fault: str = ""


class Probe:
    """Asks the server as the API server does: by the name of the Service."""

    def __init__(self, address: Address, name: str) -> None:
        """Take where the server is reached, and the name that its certificate has to have."""
        self._address = address
        self._name = name

    def ask(self, bundle: Iterable[Certificate]) -> Answer:
        """Shake hands, trusting `bundle`; where that fails, once more to see what is shown."""
        trusted = tuple(bundle)
        if not trusted:
            return Answer(fault="there is no CA to trust it by")
        context = ssl.create_default_context(cadata=write_all(trusted).decode("ascii"))
        try:
            return Answer(certificate=self._shake(context))
        except ssl.SSLCertVerificationError as error:
            return Answer(certificate=self._shown(), fault=self._fault(error.verify_message))
        except OSError as error:
            return Answer(fault=self._fault(error.strerror or str(error)))

    def _shown(self) -> Certificate | None:
        """Give whatever certificate is shown: nothing is sent to whom nobody trusts."""
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        try:
            return self._shake(context)
        except OSError:
            return None

    def _shake(self, context: ssl.SSLContext) -> Certificate:
        where = (self._address.host, self._address.port)
        with (
            socket.create_connection(where, timeout=SECONDS) as plain,
            context.wrap_socket(plain, server_hostname=self._name) as secure,
        ):
            shown = secure.getpeercert(binary_form=True)
        if shown is None:
            raise OSError("no certificate is shown")
        return x509.load_der_x509_certificate(shown)

    def _fault(self, reason: str) -> str:
        return f"{self._address} as {self._name}: {reason}"
