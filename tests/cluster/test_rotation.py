"""Certificates that live for seconds, under load: no pod is refused, nothing untrusted is served.

A CA of 45 seconds is renewed after 30, a leaf of 15 after 10.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from cryptography.x509 import Certificate

from tests.cluster.api import ApiError
from tests.cluster.binaries import Binaries
from tests.cluster.controlplane import ControlPlane
from tests.cluster.installed import Installed
from tests.cluster.load import Load
from tests.cluster.test_controller import secret
from tests.cluster.waiting import eventually
from webhook.control import secrets
from webhook.control.certificates import is_issued_by, read_all
from webhook.control.configurations import Bundles, bundles, path_of
from webhook.control.probe import Probe
from webhook.core import registration

pytestmark = pytest.mark.cluster

LIVES = ("--ca-life=45s", "--leaf-life=15s", "--settle=1s", "--overlap=3s")
ROTATION_SECONDS = 30
PAUSE_SECONDS = 0.05
"""Between pods of a thread: they come for a minute or five, beside other tests."""


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


def rotate(installed: Installed, times: int) -> None:
    """Wait until the CA has changed so often, and everything that went before is gone."""
    witness = Witness(installed)
    seen = [signing(installed)]
    with Load(installed.control_plane.api, pause=PAUSE_SECONDS) as load, witness.watching():
        for _ in range(times):
            eventually(
                lambda: signing(installed) != seen[-1], "the next CA", seconds=4 * ROTATION_SECONDS
            )
            seen.append(signing(installed))
        eventually(
            lambda: bundles(installed.configurations()).any == (signing(installed),),
            "the old CA to go",
            seconds=4 * ROTATION_SECONDS,
        )
    assert load.wrong == []
    assert witness.wrong == []
    assert len(set(seen)) == times + 1
    issuers = [sum(is_issued_by(leaf, ca) for leaf in witness.leaves) for ca in seen]
    assert all(issuers), issuers
    assert load.created > times * 100


@pytest.fixture(scope="module")
def installed(binaries: Binaries) -> Iterator[Installed]:
    """Give an installation on a control plane of its own."""
    with ControlPlane(binaries) as plane, Installed(plane, LIVES) as running:
        yield running


def test_two_cas_come_and_go_under_load(installed: Installed) -> None:
    rotate(installed, 2)


@pytest.mark.slow
def test_ten_cas_come_and_go_under_load(installed: Installed) -> None:
    """Run by `make test-slow`; last run and green: see docs/controller.md."""
    rotate(installed, 10)
