"""Each row in its short form, one after the other on one stage; `make chaos` is the long form."""

from collections.abc import Iterator

import pytest

from tests.cluster.binaries import Binaries
from tests.cluster.chaos.row import Form, Row
from tests.cluster.chaos.rows import ROWS
from tests.cluster.chaos.runner import play
from tests.cluster.chaos.stage import Stage
from tests.cluster.controlplane import ControlPlane

pytestmark = pytest.mark.cluster

SHORT = Form(requests=200, rate=50, is_long=False)


@pytest.fixture(scope="module")
def stage(binaries: Binaries) -> Iterator[Stage]:
    """Give the stage of all rows, on a control plane of its own: its API server is killed."""
    with ControlPlane(binaries) as plane, Stage(plane) as running:
        yield running


@pytest.mark.parametrize("row", [each for each in ROWS if each.short], ids=lambda each: each.name)
def test_nothing_is_lost(stage: Stage, row: type[Row]) -> None:
    result = play(row(), stage, SHORT)
    assert result.faults == ()
    assert result.requests >= SHORT.requests
