"""Certificates over years, in a moment: the Secrets, the bundles and the server step by step."""

import base64
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import Certificate

from tests.cli.shipped import policy
from tests.control.world import AUTHORITY, LEAF, MUTATING, SERVICE, START, VALIDATING, Scene
from webhook.control.api import ApiFailed, Object
from webhook.control.certificates import (
    Pair,
    hosts_of,
    is_issued_by,
    make_ca,
    make_leaf,
    read_all,
    read_pair,
)
from webhook.control.configurations import bundles
from webhook.control.documents import Known
from webhook.control.keeper import Certificates, Keeper
from webhook.control.registration import Registrar
from webhook.control.rotation import Lives

MINUTE = timedelta(minutes=1)
LIVES = Lives(
    ca=timedelta(days=90),
    leaf=timedelta(days=30),
    settle=5 * MINUTE,
    overlap=timedelta(hours=1),
)
SETTINGS: Object = {"metadata": {"name": "cluster", "uid": "u1"}, "spec": {}}


class Life:
    """A cluster that lives: duties run, time passes, a kubelet brings Secrets to the server."""

    def __init__(self, mode: Certificates = Certificates.MANAGED) -> None:
        self.scene = Scene()
        self.api, self.clock, self.probe = self.scene.api, self.scene.clock, self.scene.probe
        self.mode = mode
        self.kubelet = 7 * MINUTE
        self.bundles: list[tuple[datetime, tuple[Certificate, ...]]] = []
        self._on_the_way: list[tuple[datetime, Certificate]] = []
        self.begin()

    def begin(self) -> None:
        """Let a controller begin that knows nothing."""
        world = self.scene.world()
        self.keeper = Keeper(world, LIVES, self.mode, self.clock)
        known = Known(settings=SETTINGS, policy=policy())
        self.registrar = Registrar(world, lambda: known, lambda: self.keeper.bundle)

    def settle(self) -> float:
        """Run the duties until they have nothing to do; give when they want to look again."""
        for _ in range(20):
            pause = min(self.registrar.run(), self.keeper.run())
            self._carry()
            self._check()
            if pause:
                return pause
        raise AssertionError("the duties do not come to rest")

    def live(self, total: timedelta, step: timedelta = MINUTE) -> None:
        """Let time pass."""
        end = self.clock.now + total
        while self.clock.now < end:
            self.settle()
            self.clock.turn(step)

    def secret(self, path: str, key: str) -> bytes:
        """Give a key's value in a Secret."""
        return base64.b64decode(self.api.objects[path]["data"][key])

    def leaf(self) -> Certificate:
        """Give the leaf in its Secret."""
        (found,) = read_all(self.secret(LEAF, "tls.crt"))
        return found

    def ca(self) -> Certificate:
        """Give the CA that signs."""
        (found,) = read_all(self.secret(AUTHORITY, "tls.crt"))
        return found

    def trusted(self) -> tuple[Certificate, ...]:
        """Give what every live entry trusts."""
        return bundles(self.scene.world().configurations.read()).every

    def _carry(self) -> None:
        data = self.api.objects.get(LEAF, {}).get("data") or {}
        if read_pair(*(base64.b64decode(data.get(key, "")) for key in ("tls.crt", "tls.key"))):
            new = read_all(self.secret(LEAF, "tls.crt"))
            known = [each for _, each in self._on_the_way]
            delay = self.kubelet if self.probe.served else timedelta()
            self._on_the_way += [
                (self.clock.now + delay, each) for each in new if each not in known
            ]
        for at, leaf in self._on_the_way:
            if at <= self.clock.now:
                self.probe.served = leaf

    def _check(self) -> None:
        """Assert that every API server trusts what is served, however late it sees the bundle."""
        if MUTATING not in self.api.objects or VALIDATING not in self.api.objects:
            self.bundles.clear()
            return
        now, served = self.clock.now, self.probe.served
        self.bundles.append((now, self.trusted()))
        self.bundles = [each for each in self.bundles if each[0] > now - LIVES.settle]
        assert served
        assert served.not_valid_after_utc > now
        for _, trusted in self.bundles:
            assert any(is_issued_by(served, ca) for ca in trusted)
            assert any(is_issued_by(served, ca) and ca.not_valid_after_utc > now for ca in trusted)


@pytest.fixture
def life() -> Life:
    made = Life()
    made.settle()
    made.settle()
    return made


def test_a_first_install_makes_everything_without_waiting() -> None:
    made = Life()
    made.settle()
    made.settle()
    assert made.clock.now == START
    assert made.api.reasons() == [
        "CACreated",
        "WaitingForServer",
        "CertificateSigned",
        "Registered",
        "Registered",
    ]
    assert made.api.notes()[:3] == [
        "Secret gpuclass-ca: there is no CA that can be read; CAs trusted now: 1",
        "not registered yet: nobody answers: gpuclass:443: connection refused",
        "Secret gpuclass-tls: there is no leaf that can be served; "
        "the new one ends 2027-01-31T00:00:00Z",
    ]
    assert made.api.objects[LEAF]["type"] == "kubernetes.io/tls"
    assert hosts_of(made.leaf()) == set(SERVICE.hosts)
    assert read_all(made.secret(LEAF, "ca.crt")) == (made.ca(),) == made.trusted()
    assert read_pair(made.secret(LEAF, "tls.crt"), made.secret(LEAF, "tls.key"))


def test_the_cas_key_is_where_no_pod_mounts_it(life: Life) -> None:
    assert set(life.api.objects[LEAF]["data"]) == {"tls.crt", "tls.key", "ca.crt"}
    key = life.secret(AUTHORITY, "tls.key")
    assert key not in life.secret(LEAF, "tls.key")


def test_cas_come_and_go_and_what_is_served_is_always_trusted(life: Life) -> None:
    seen = {life.ca()}
    for _ in range(3):
        life.live(timedelta(days=60), timedelta(days=1))
        life.live(timedelta(hours=2), 5 * MINUTE)
        assert life.trusted() == (life.ca(),)
        assert is_issued_by(life.leaf(), life.ca())
        assert life.probe.served == life.leaf()
        seen.add(life.ca())
    assert len(seen) == 4


def test_a_leaf_is_renewed_by_the_same_ca(life: Life) -> None:
    before, ca = life.leaf(), life.ca()
    life.live(timedelta(days=21), timedelta(hours=12))
    assert life.leaf() != before
    assert life.ca() == ca
    assert life.api.notes()[-1].startswith("Secret gpuclass-tls: two thirds of the leaf's life")


def spoilt(key: str, value: str) -> Callable[[Object], Object]:
    return lambda found: {**found, "data": {**found["data"], key: value}}


EMPTY = "eA=="


@pytest.mark.parametrize(
    ("path", "spoil"),
    [
        pytest.param(LEAF, None, id="the leaf deleted"),
        pytest.param(AUTHORITY, None, id="the CA deleted"),
        pytest.param(LEAF, spoilt("tls.crt", EMPTY), id="the leaf no certificate"),
        pytest.param(LEAF, spoilt("tls.key", EMPTY), id="the leaf's key no key"),
        pytest.param(LEAF, spoilt("tls.key", "no base64!"), id="the leaf's key no base64"),
        pytest.param(AUTHORITY, spoilt("tls.key", EMPTY), id="the CA's key no key"),
        pytest.param(LEAF, lambda found: {**found, "data": None}, id="the leaf without data"),
        pytest.param(LEAF, lambda found: {**found, "type": "Opaque", "data": {}}, id="the type"),
    ],
)
def test_a_secret_that_is_lost_or_broken_is_made_anew(
    life: Life, path: str, spoil: Callable[[Object], Object] | None
) -> None:
    found = life.api.objects.pop(path)
    if spoil:
        life.api.put(path, spoil(found))
    life.live(timedelta(hours=2), 5 * MINUTE)
    assert life.api.objects[path]["type"] == found["type"]
    assert is_issued_by(life.leaf(), life.ca())
    assert life.trusted() == (life.ca(),)
    assert life.probe.served == life.leaf()


def test_both_secrets_lost_are_made_anew_while_the_server_goes_on(life: Life) -> None:
    old = life.ca()
    del life.api.objects[LEAF], life.api.objects[AUTHORITY]
    life.settle()
    life.settle()
    assert set(life.trusted()) == {life.ca(), old}
    assert LEAF not in life.api.objects
    life.live(timedelta(hours=2), 5 * MINUTE)
    assert life.trusted() == (life.ca(),)
    assert life.probe.served == life.leaf()


def test_a_leaf_for_other_hosts_is_replaced(life: Life) -> None:
    pair = read_pair(life.secret(AUTHORITY, "tls.crt"), life.secret(AUTHORITY, "tls.key"))
    assert pair
    other = make_leaf(pair, ["elsewhere"], life.clock.now)
    data = {**life.api.objects[LEAF]["data"], **encoded(other)}
    life.api.put(LEAF, {**life.api.objects[LEAF], "data": data})
    life.clock.turn(LIVES.settle)
    life.settle()
    assert hosts_of(life.leaf()) == set(SERVICE.hosts)


def test_another_controller_goes_on_in_the_middle(life: Life) -> None:
    life.live(timedelta(days=60), timedelta(days=1))
    for _ in range(12):
        life.begin()
        life.live(10 * MINUTE, 5 * MINUTE)
    life.live(timedelta(hours=2), 5 * MINUTE)
    assert life.trusted() == (life.ca(),)


def test_an_old_ca_is_trusted_for_as_long_as_its_leaf_is_served(life: Life) -> None:
    old = life.ca()
    life.kubelet = timedelta(hours=5)
    life.live(timedelta(days=60), timedelta(days=1))
    life.live(timedelta(hours=5), 5 * MINUTE)
    assert old in life.trusted()
    life.live(timedelta(hours=2), 5 * MINUTE)
    assert life.trusted() == (life.ca(),)


def encoded(pair: Pair, ca: Certificate | None = None) -> dict[str, str]:
    found = {"tls.crt": pair.certificate_pem(), "tls.key": pair.key_pem()}
    if ca:
        found["ca.crt"] = ca.public_bytes(Encoding.PEM)
    return {key: base64.b64encode(value).decode() for key, value in found.items()}


@pytest.mark.parametrize(
    ("mode", "annotations"),
    [
        pytest.param(Certificates.EXTERNAL, {}, id="by the flag"),
        pytest.param(
            Certificates.MANAGED,
            {"cert-manager.io/certificate-name": "gpuclass"},
            id="by the annotations of cert-manager",
        ),
    ],
)
def test_certificates_of_somebody_else_are_left_alone_and_trusted(
    mode: Certificates, annotations: dict[str, str]
) -> None:
    made = Life(mode)
    theirs = [make_ca(START), make_ca(START)]

    def bring(ca: Pair) -> None:
        leaf = make_leaf(ca, SERVICE.hosts, START)
        metadata = {"name": "gpuclass-tls", "annotations": annotations}
        data = encoded(leaf, ca.certificate)
        made.api.put(LEAF, {"metadata": metadata, "type": "kubernetes.io/tls", "data": data})

    bring(theirs[0])
    assert made.keeper.run() == 0, "the registration is to follow at once"
    assert made.keeper.run() > 0
    made.live(5 * MINUTE)
    assert made.trusted() == (theirs[0].certificate,)
    bring(theirs[1])
    made.live(10 * MINUTE)
    assert set(made.trusted()) == {each.certificate for each in theirs}
    made.live(timedelta(hours=2), 5 * MINUTE)
    assert made.trusted() == (theirs[1].certificate,)
    assert AUTHORITY not in made.api.objects
    assert not [each for each in made.api.writes if "/secrets/" in each]


def test_what_the_api_server_refuses_is_tried_again(life: Life) -> None:
    life.clock.turn(timedelta(days=20))
    life.api.broken[LEAF] = 500
    with pytest.raises(ApiFailed, match="broken"):
        life.keeper.run()
    life.api.broken.clear()
    life.clock.turn(LIVES.settle)
    life.settle()
    life.clock.turn(LIVES.settle)
    life.settle()
    assert life.leaf().not_valid_after_utc > life.clock.now
