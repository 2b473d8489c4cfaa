"""Who shakes hands with the server all the time while its certificates are renewed."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from cryptography.x509 import Certificate

from tests.cluster.api import ApiError
from tests.cluster.installed import Installed
from tests.cluster.test_controller import secret
from tests.cluster.waiting import eventually
from webhook.control import secrets
from webhook.control.certificates import is_issued_by, read_all
from webhook.control.configurations import Bundles, bundles, path_of
from webhook.control.probe import Probe
from webhook.core import registration

PATIENCE_SECONDS = 180
"""For the next CA, where one lives for little more than a minute."""


class Witness:
    """Shakes hands with the server all the time; `wrong` says when a live bundle did not do.

    The bundles are read before and after: what is served in between must be trusted by both.
    """

    def __init__(self, installed: Installed) -> None:
        self.leaves: set[Certificate] = set()
        self.wrong: list[str] = []
        self._installed = installed
        self._probe = Probe(installed.server_address, registration.Service().hosts[0])
        self._ending = threading.Event()

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch for as long as the block runs."""
        thread = threading.Thread(target=self._run, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._ending.set()
            thread.join()

    def _run(self) -> None:
        before = self._live()
        while not self._ending.wait(0.05):
            answer = self._probe.ask(before.every)
            after = self._live()
            if answer.certificate:
                self.leaves.add(answer.certificate)
                if not any(is_issued_by(answer.certificate, ca) for ca in after.every):
                    self.wrong.append("served, and not trusted by the bundle after it")
            if answer.fault and "timed out" not in answer.fault:
                self.wrong.append(answer.fault)
            before = after

    def _live(self) -> Bundles:
        api = self._installed.control_plane.api
        try:
            return bundles(
                {kind: api.request("GET", path_of(kind)) for kind in registration.ENTRIES}
            )
        except ApiError as error:
            self.wrong.append(str(error))
            return Bundles(any=(), every=(), entries=0)


def signing(installed: Installed) -> Certificate:
    """Give the CA that signs now."""
    data = secret(installed.control_plane, secrets.AUTHORITY)
    return read_all(data["tls.crt"])[0]


def rotated(installed: Installed, times: int) -> list[Certificate]:
    """Wait until the CA has changed so often, and everything that went before is gone; give all."""
    seen = [signing(installed)]
    for _ in range(times):
        eventually(lambda: signing(installed) != seen[-1], "the next CA", PATIENCE_SECONDS)
        seen.append(signing(installed))
    eventually(
        lambda: bundles(installed.configurations()).any == (signing(installed),),
        "the old CA to go",
        PATIENCE_SECONDS,
    )
    return seen


def unseen(witness: Witness, authorities: list[Certificate]) -> list[Certificate]:
    """Give the CAs of which the witness saw no leaf."""
    return [ca for ca in authorities if not any(is_issued_by(leaf, ca) for leaf in witness.leaves)]
