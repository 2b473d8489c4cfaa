"""What to do about certificates next: a pure function of what is there and of the time.

It upholds one rule: a leaf is served only when every API server's caBundle trusts its CA. So a new
CA is published beside the old one first, signs only when that has settled, and the old one is
dropped only when no leaf of it has been seen for a while. Each step leaves a state from which
anybody may go on: nothing is remembered that is not in the API server, but for how long it has
been seen there.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from cryptography.x509 import Certificate

from webhook.control.certificates import CA_LIFE, LEAF_LIFE, Pair, is_issued_by, renewal

LEAVES_IN_A_CA = 3
"""A CA lives as long as so many leaves at least: at two thirds a leaf still fits in."""

SETTLES_IN_A_LEAF = 6
"""A leaf lives as long as so many times of settling: when a new CA is made, a leaf has a third of
its life left, and half of that is for what takes longer than it should."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lives:
    """How long things are valid, and how long they are waited for.

    `settle` is from "every entry has the new CA" to the first leaf of it: what an API server may
    take to see the new entry. `overlap` is from "a leaf of the old CA was last seen" to dropping
    it: what a kubelet may take to bring a new Secret to the last replica.
    """

    ca: timedelta = CA_LIFE
    leaf: timedelta = LEAF_LIFE
    settle: timedelta = timedelta(seconds=30)
    overlap: timedelta = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """The CA that signs, and those that are trusted beside it."""

    pair: Pair
    older: tuple[Certificate, ...] = ()

    @property
    def trusted(self) -> tuple[Certificate, ...]:
        """Give what belongs into a caBundle."""
        return (self.pair.certificate, *self.older)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What is there now.

    `known` are the CAs of the live caBundles and of the leaf's Secret, `leaf` is what that Secret
    holds and `served` what the server shows; None is for absent and for broken. `published` is
    since when the signing CA has been in every live entry (None: it is not), and `is_registered`
    tells whether there is an entry. `old_seen` is when a leaf of an older CA was last seen.
    """

    now: datetime
    authority: Authority | None
    known: tuple[Certificate, ...]
    leaf: Certificate | None
    served: Certificate | None
    is_registered: bool
    published: datetime | None
    old_seen: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAuthority:
    """Make a CA and trust these beside it."""

    older: tuple[Certificate, ...]
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """Trust these beside the CA that there is, and no others."""

    older: tuple[Certificate, ...]
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLeaf:
    """Sign a leaf."""

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Do nothing; look again at `until` at the latest."""

    until: datetime
    why: str


Step: TypeAlias = NewAuthority | Trust | NewLeaf | Wait


def plan(seen: Seen, lives: Lives) -> Step:
    """Give the next step; after it, look and plan again."""
    authority = seen.authority
    needed = _still_needed(seen, lives)
    if authority is None:
        return NewAuthority(older=needed, why="there is no CA that can be read")
    leaf_flaw = _leaf_flaw(seen, authority)
    if why := _authority_flaw(seen, authority, leaf_flaw):
        return NewAuthority(older=_alive((authority.pair.certificate, *needed), seen.now), why=why)
    if needed != authority.older:
        return Trust(older=needed, why=_difference(authority.older, needed))
    if leaf_flaw:
        return _sign(seen, lives, leaf_flaw)
    return Wait(until=_next_event(seen, authority, lives), why="all is well")


def external(seen: Seen, ours: tuple[Certificate, ...], lives: Lives) -> tuple[Certificate, ...]:
    """Give the bundle where somebody else makes the certificates: theirs, and what was trusted.

    What is in the live entries stays until no leaf of it has been seen for the overlap.
    """
    is_over = seen.now >= seen.old_seen + lives.overlap
    live = () if is_over else seen.known
    return tuple(dict.fromkeys((*ours, *_alive(live, seen.now))))


def is_by_older(leaf: Certificate | None, authority: Authority | None) -> bool:
    """Tell whether a leaf would be refused without the older CAs."""
    return (
        leaf is not None
        and authority is not None
        and not is_issued_by(leaf, authority.pair.certificate)
    )


def _authority_flaw(seen: Seen, authority: Authority, leaf_flaw: str) -> str:
    """Say why another CA is needed.

    Not while the last one is still on its way to the leaf: that would only make the way longer.
    """
    certificate = authority.pair.certificate
    if certificate.not_valid_after_utc <= seen.now:
        return "the CA has expired"
    if renewal(certificate) <= seen.now and not leaf_flaw:
        return "two thirds of the CA's life are over"
    return ""


def _leaf_flaw(seen: Seen, authority: Authority) -> str:
    """Say why another leaf is needed."""
    if seen.leaf is None:
        return "there is no leaf that can be served"
    if not is_issued_by(seen.leaf, authority.pair.certificate):
        return "the leaf is of another CA"
    if renewal(seen.leaf) <= seen.now:
        return "two thirds of the leaf's life are over"
    return ""


def _sign(seen: Seen, lives: Lives, why: str) -> Step:
    """Sign when the API server is sure to trust what is signed."""
    if not seen.is_registered:
        return NewLeaf(why=why)
    if seen.published is None:
        return Wait(
            until=seen.now + lives.settle, why=f"{why}; its CA is not in every caBundle yet"
        )
    ready = seen.published + lives.settle
    if seen.now < ready:
        return Wait(until=ready, why=f"{why}; its CA is settling in the caBundles")
    return NewLeaf(why=why)


def _still_needed(seen: Seen, lives: Lives) -> tuple[Certificate, ...]:
    """Give the older CAs that must be trusted on, newest first."""
    older = seen.authority.older if seen.authority else ()
    ours = seen.authority.trusted if seen.authority else ()
    if seen.now >= seen.old_seen + lives.overlap and not is_by_older(seen.leaf, seen.authority):
        older = ()
    leaves = [leaf for leaf in (seen.leaf, seen.served) if leaf is not None]
    adopted = [
        ca for ca in seen.known if ca not in ours and any(is_issued_by(leaf, ca) for leaf in leaves)
    ]
    return _alive(dict.fromkeys((*older, *adopted)), seen.now)


def _alive(certificates: Iterable[Certificate], now: datetime) -> tuple[Certificate, ...]:
    return tuple(each for each in certificates if each.not_valid_after_utc > now)


def _difference(before: tuple[Certificate, ...], after: tuple[Certificate, ...]) -> str:
    if set(after) - set(before):
        return "a leaf of a CA that is not in our Secret is in use"
    return "no leaf of an older CA is in use any more"


def _next_event(seen: Seen, authority: Authority, lives: Lives) -> datetime:
    moments = [renewal(authority.pair.certificate)]
    if seen.leaf is not None:
        moments.append(renewal(seen.leaf))
    if authority.older:
        moments.append(seen.old_seen + lives.overlap)
        moments.extend(each.not_valid_after_utc for each in authority.older)
    return min(moments)
