"""Keeps the certificates: looks, asks `rotation` for the next step, and takes it.

It writes Secrets; the bundle that it finds right is brought into the webhook configurations by
`registration`, and found there again before the next step is taken.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from cryptography.x509 import Certificate

from webhook.control import configurations as live
from webhook.control import rotation, secrets
from webhook.control.certificates import is_issued_by, make_ca, make_leaf
from webhook.control.configurations import Bundles
from webhook.control.reasons import Reason
from webhook.control.rotation import (
    Authority,
    Lives,
    NewAuthority,
    NewLeaf,
    Seen,
    Step,
    Trust,
    Wait,
)
from webhook.control.secrets import Leaf
from webhook.control.world import World

LONGEST_PAUSE = timedelta(minutes=1)
"""Clocks jump, and word of a change may have been lost."""
WATCHING_PAUSE = timedelta(seconds=5)
"""Between two looks at what is served, while an older CA is trusted."""
SHORTEST_PAUSE = 0.1
"""Seconds."""


class Certificates(StrEnum):
    """Who makes the certificates."""

    MANAGED = "managed"
    """We do, unless the Secret has cert-manager's annotations."""
    EXTERNAL = "external"
    """Somebody else, whatever the Secret says."""


class Keeper:
    """The duty of certificates; `bundle` is what both configurations are to trust (or nothing)."""

    name = "certificates"

    def __init__(
        self,
        world: World,
        lives: Lives,
        mode: Certificates,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Take the world; nothing is known of what is served yet."""
        self.bundle: tuple[Certificate, ...] = ()
        self._world, self._lives, self._mode, self._clock = world, lives, mode, clock
        self._old_seen = clock()
        self._published: tuple[tuple[Certificate, ...], datetime] | None = None

    def run(self) -> float:
        """Take the next step; give the seconds until another look is due."""
        leaf = self._world.secrets.leaf()
        if self._mode is Certificates.EXTERNAL or leaf.is_by_cert_manager:
            return self._follow(leaf)
        return self._manage(leaf)

    def _manage(self, leaf: Leaf) -> float:
        authority = self._world.secrets.authority()
        self.bundle = authority.trusted if authority else ()
        seen = self._look(leaf, authority)
        self._show(leaf, seen.authority)
        step = rotation.plan(seen, self._lives)
        if isinstance(step, Wait):
            return self._pause(step.until, seen.now, is_watching=len(self.bundle) > 1)
        self._take(step, authority, seen.now)
        return 0.0

    def _follow(self, leaf: Leaf) -> float:
        """Trust what somebody else made, and write nothing."""
        seen = self._look(leaf, None)
        self._show(leaf, None)
        before, self.bundle = self.bundle, rotation.external(seen, leaf.authorities, self._lives)
        if set(before) != set(self.bundle):
            return 0.0  # so that the registration takes it over at once
        is_watching = self.bundle != leaf.authorities
        return self._pause(seen.now + LONGEST_PAUSE, seen.now, is_watching=is_watching)

    def _look(self, leaf: Leaf, authority: Authority | None) -> Seen:
        now = self._clock()
        bundles = live.bundles(self._world.configurations.read())
        signing = (authority.pair.certificate,) if authority else leaf.authorities
        known = tuple(dict.fromkeys((*bundles.any, *leaf.authorities, *self.bundle)))
        served = None
        if set(known) - set(signing):
            served = self._world.probe.ask(known).certificate
        if any(_is_by_another(each, signing) for each in (leaf.certificate, served)):
            self._old_seen = now
        return Seen(
            now=now,
            authority=authority,
            known=known,
            leaf=leaf.certificate,
            served=served,
            is_registered=bundles.entries > 0,
            published=self._since(signing, bundles, now),
            old_seen=self._old_seen,
        )

    def _since(
        self, signing: tuple[Certificate, ...], bundles: Bundles, now: datetime
    ) -> datetime | None:
        """Give since when every live entry has been seen to trust the signing CA."""
        if not signing or not set(signing) <= set(bundles.every):
            self._published = None
            return None
        if self._published is None or self._published[0] != signing:
            self._published = (signing, now)
        return self._published[1]

    def _take(self, step: Step, authority: Authority | None, now: datetime) -> None:
        match step:
            case NewAuthority():
                pair = make_ca(now, self._lives.ca)
                self._write(Authority(pair=pair, older=step.older), Reason.CA_CREATED, step.why)
                self._old_seen = now
            case Trust() if authority:
                changed = Authority(pair=authority.pair, older=step.older)
                self._write(changed, Reason.CA_TRUST_CHANGED, step.why)
            case NewLeaf() if authority:
                self._sign(authority, step.why, now)

    def _write(self, authority: Authority, reason: Reason, why: str) -> None:
        self._world.secrets.write_authority(authority)
        self.bundle = authority.trusted
        count = len(authority.trusted)
        self._say(reason, f"Secret {secrets.AUTHORITY}: {why}; CAs trusted now: {count}")

    def _sign(self, authority: Authority, why: str, now: datetime) -> None:
        ca = authority.pair.certificate
        life = min(self._lives.leaf, ca.not_valid_after_utc - now)
        leaf = make_leaf(authority.pair, self._world.secrets.hosts, now, life)
        self._world.secrets.write_leaf(leaf, ca)
        until = f"{leaf.certificate.not_valid_after_utc:%Y-%m-%dT%H:%M:%SZ}"
        self._say(
            Reason.CERTIFICATE_SIGNED, f"Secret {secrets.LEAF}: {why}; the new one ends {until}"
        )

    def _say(self, reason: Reason, note: str) -> None:
        self._world.events.say(self._world.secrets.reference, reason, note)

    def _show(self, leaf: Leaf, authority: Authority | None) -> None:
        """Show when what is in use ends; 0: there is none."""
        ca = authority.pair.certificate if authority else next(iter(leaf.authorities), None)
        for name, certificate in (("ca", ca), ("leaf", leaf.certificate)):
            expiry = certificate.not_valid_after_utc.timestamp() if certificate else 0.0
            self._world.metrics.expiry.labels(name).set(expiry)

    @staticmethod
    def _pause(until: datetime, now: datetime, *, is_watching: bool) -> float:
        longest = WATCHING_PAUSE if is_watching else LONGEST_PAUSE
        return max(min(until - now, longest).total_seconds(), SHORTEST_PAUSE)


def _is_by_another(leaf: Certificate | None, signing: tuple[Certificate, ...]) -> bool:
    return leaf is not None and not any(is_issued_by(leaf, ca) for ca in signing)
