"""Certificates that live for seconds, under load: no pod is refused, nothing untrusted is served.

A CA of 75 seconds is renewed after 50, a leaf of 25 after 17: a controller that a busy machine lets
stand still has eight seconds until a leaf ends. Ten in a row, with three replicas, are a row of
`make chaos`.
"""

import pytest

from tests.cluster.binaries import Binaries
from tests.cluster.chaos.rows.rotation import LIVES
from tests.cluster.controlplane import ControlPlane
from tests.cluster.installed import Installed
from tests.cluster.load import Load
from tests.cluster.witness import Witness, rotated, unseen

pytestmark = pytest.mark.cluster

PAUSE_SECONDS = 0.05
"""Between pods of a thread: they come for a minute or five, beside other tests."""
TIMES = 2


def test_two_cas_come_and_go_under_load(binaries: Binaries) -> None:
    with ControlPlane(binaries) as plane, Installed(plane, LIVES) as installed:
        witness = Witness(installed)
        with Load(plane.api, pause=PAUSE_SECONDS) as load, witness.watching():
            seen = rotated(installed, TIMES)
    assert load.wrong == []
    assert witness.wrong == []
    assert len(set(seen)) == TIMES + 1
    assert unseen(witness, seen) == []
    assert load.created > TIMES * 100
