"""The plan of certificates as a table: what is there and what time it is, and the next step.

Times are days after a fixed moment; a CA lives 300 days and a leaf 30.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest
from cryptography.x509 import Certificate

from webhook.control import rotation
from webhook.control.certificates import Pair, make_ca, make_leaf
from webhook.control.rotation import (
    Authority,
    Lives,
    NewAuthority,
    NewLeaf,
    Seen,
    Trust,
    Wait,
    plan,
)

ZERO = datetime(2027, 1, 1, tzinfo=UTC)
LIVES = Lives(
    ca=timedelta(days=300),
    leaf=timedelta(days=30),
    settle=timedelta(minutes=1),
    overlap=timedelta(hours=1),
)
MINUTE = timedelta(minutes=1)


def day(number: float) -> datetime:
    return ZERO + timedelta(days=number)


OLD, NEW = make_ca(day(0), LIVES.ca), make_ca(day(200), LIVES.ca)
OLD_CA, NEW_CA = OLD.certificate, NEW.certificate


@cache
def leaf(ca: Pair, made: float) -> Certificate:
    """Give a leaf of a CA, made on a day."""
    return make_leaf(ca, ["host"], day(made), LIVES.leaf).certificate


OLD_LEAF, NEW_LEAF = leaf(OLD, 190), leaf(NEW, 200)

WELL = Seen(
    now=day(1),
    authority=Authority(pair=OLD),
    known=(OLD_CA,),
    leaf=leaf(OLD, 0),
    served=None,
    is_registered=True,
    published=day(0),
    old_seen=day(0),
)
"""One CA, a leaf of it, both young; every entry trusts it."""

OVERLAPPING = replace(
    WELL,
    now=day(200),
    authority=Authority(pair=NEW, older=(OLD_CA,)),
    known=(NEW_CA, OLD_CA),
    leaf=OLD_LEAF,
    served=OLD_LEAF,
    published=None,
    old_seen=day(200),
)
"""A new CA was just made; the leaf is still of the old one."""

SIGNED = replace(
    OVERLAPPING,
    leaf=NEW_LEAF,
    served=NEW_LEAF,
    published=day(200),
)
"""A leaf of the new CA is in the Secret and served."""

NO_LEAF = "there is no leaf that can be served"
OTHER_CA = "the leaf is of another CA"
LEAF_DUE = "two thirds of the leaf's life are over"
CA_DUE = "two thirds of the CA's life are over"


@pytest.mark.parametrize(
    ("seen", "step"),
    [
        pytest.param(
            replace(WELL, authority=None, known=(), leaf=None, is_registered=False),
            NewAuthority(older=(), why="there is no CA that can be read"),
            id="nothing: a CA is made",
        ),
        pytest.param(
            replace(WELL, leaf=None, is_registered=False, published=None),
            NewLeaf(why=NO_LEAF),
            id="nothing is registered: nobody has to trust the CA first",
        ),
        pytest.param(WELL, Wait(until=day(20), why="all is well"), id="all well: until the leaf"),
        pytest.param(
            replace(WELL, now=day(19.99)),
            Wait(until=day(20), why="all is well"),
            id="the leaf a moment before two thirds of its life",
        ),
        pytest.param(replace(WELL, now=day(20)), NewLeaf(why=LEAF_DUE), id="the leaf is due"),
        pytest.param(
            replace(WELL, now=day(40)), NewLeaf(why=LEAF_DUE), id="the leaf expired unnoticed"
        ),
        pytest.param(
            replace(WELL, now=day(199), leaf=leaf(OLD, 198)),
            Wait(until=day(200), why="all is well"),
            id="all well: until the CA",
        ),
        pytest.param(
            replace(WELL, now=day(200), leaf=OLD_LEAF),
            NewAuthority(older=(OLD_CA,), why=CA_DUE),
            id="the CA is due: the old one is trusted on",
        ),
        pytest.param(
            replace(WELL, now=day(200), leaf=leaf(OLD, 170)),
            NewLeaf(why=LEAF_DUE),
            id="CA and leaf are due: the leaf first, by what is trusted already",
        ),
        pytest.param(
            replace(WELL, now=day(301), leaf=OLD_LEAF),
            NewAuthority(older=(), why="the CA has expired"),
            id="the CA expired: no use in trusting it",
        ),
        pytest.param(
            OVERLAPPING,
            Wait(until=day(200) + MINUTE, why=f"{OTHER_CA}; its CA is not in every caBundle yet"),
            id="the new CA is not published: it signs nothing",
        ),
        pytest.param(
            replace(OVERLAPPING, published=day(200), now=day(200) + MINUTE / 2),
            Wait(until=day(200) + MINUTE, why=f"{OTHER_CA}; its CA is settling in the caBundles"),
            id="the new CA is published and not settled",
        ),
        pytest.param(
            replace(OVERLAPPING, published=day(200), now=day(200) + MINUTE),
            NewLeaf(why=OTHER_CA),
            id="the new CA has settled: it signs",
        ),
        pytest.param(
            replace(OVERLAPPING, now=day(401), authority=Authority(pair=NEW)),
            Wait(until=day(401) + MINUTE, why=f"{OTHER_CA}; its CA is not in every caBundle yet"),
            id="the next CA is due while this one has signed nothing: not another one",
        ),
        pytest.param(
            replace(OVERLAPPING, leaf=None, published=day(200)),
            Wait(until=day(200) + MINUTE, why=f"{NO_LEAF}; its CA is settling in the caBundles"),
            id="the leaf is lost in between: it is not signed before its time",
        ),
        pytest.param(
            replace(SIGNED, old_seen=day(200)),
            Wait(until=day(200) + timedelta(hours=1), why="all is well"),
            id="the old leaf was just seen: its CA is kept",
        ),
        pytest.param(
            replace(SIGNED, now=day(200) + timedelta(hours=1)),
            Trust(older=(), why="no leaf of an older CA is in use any more"),
            id="the old leaf was not seen for long: its CA is dropped",
        ),
        pytest.param(
            replace(OVERLAPPING, now=day(202)),
            Wait(until=day(202) + MINUTE, why=f"{OTHER_CA}; its CA is not in every caBundle yet"),
            id="the old leaf is still in the Secret: its CA is kept however long",
        ),
        pytest.param(
            replace(SIGNED, now=day(300), leaf=leaf(NEW, 299), old_seen=day(300)),
            Trust(older=(), why="no leaf of an older CA is in use any more"),
            id="the old CA expired: it is dropped",
        ),
        pytest.param(
            replace(WELL, authority=None),
            NewAuthority(older=(OLD_CA,), why="there is no CA that can be read"),
            id="the CA's Secret is lost: the CA of the leaf in use is trusted on",
        ),
        pytest.param(
            replace(WELL, authority=None, leaf=None, served=leaf(OLD, 0)),
            NewAuthority(older=(OLD_CA,), why="there is no CA that can be read"),
            id="both Secrets are lost: what is served tells which CA is needed",
        ),
        pytest.param(
            replace(WELL, authority=None, known=(NEW_CA, OLD_CA), served=leaf(OLD, 0)),
            NewAuthority(older=(OLD_CA,), why="there is no CA that can be read"),
            id="a CA that no leaf is of is not taken over",
        ),
        pytest.param(
            replace(WELL, known=(OLD_CA, NEW_CA), now=day(205), leaf=NEW_LEAF, old_seen=day(205)),
            Trust(older=(NEW_CA,), why="a leaf of a CA that is not in our Secret is in use"),
            id="somebody brought a leaf of his own: its CA is trusted, then replaced",
        ),
    ],
)
def test_the_next_step(seen: Seen, step: rotation.Step) -> None:
    assert plan(seen, LIVES) == step


def test_a_leaf_always_fits_into_what_is_left_of_its_ca() -> None:
    lives = Lives()
    assert lives.leaf * rotation.LEAVES_IN_A_CA <= lives.ca
    assert lives.leaf <= lives.ca / 3


@pytest.mark.parametrize(
    ("now", "known", "expected"),
    [
        pytest.param(day(200), (OLD_CA,), (NEW_CA, OLD_CA), id="what is live is kept"),
        pytest.param(day(201), (OLD_CA,), (NEW_CA,), id="until its leaf was not seen for long"),
        pytest.param(day(200), (NEW_CA,), (NEW_CA,), id="nothing twice"),
        pytest.param(day(300), (OLD_CA,), (NEW_CA,), id="nothing that has expired"),
    ],
)
def test_a_bundle_of_somebody_elses_certificates(
    now: datetime, known: tuple[Certificate, ...], expected: tuple[Certificate, ...]
) -> None:
    seen = replace(SIGNED, authority=None, now=now, known=known, old_seen=day(200))
    if now == day(300):
        seen = replace(seen, old_seen=now)
    assert rotation.external(seen, (NEW_CA,), LIVES) == expected
