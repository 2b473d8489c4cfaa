"""Certificates that live for seconds: CAs and leaves are renewed all the time."""

from tests.cluster.chaos.load import Load
from tests.cluster.chaos.row import Row
from tests.cluster.chaos.stage import Stage
from tests.cluster.witness import Witness, rotated, unseen

LIVES = ("--ca-life=75s", "--leaf-life=25s", "--settle=1s", "--overlap=3s")
"""A leaf of 15 seconds has five to be replaced in: at load 35 that was too little, once."""


class Rotation(Row):
    """Its short form is tests/cluster/test_rotation.py: a CA takes too long to be renewed."""

    name = "rotation"
    fault = "leaves renewed every 17 s, their CA every 50 s, by the controller"
    promise = "0 lost; never a leaf that the live bundle rejects"
    short = 0
    flags = LIVES

    def inject(self, stage: Stage, load: Load, times: int) -> str:
        """Let CAs come and go; a witness shakes hands all the time."""
        witness = Witness(stage)
        with witness.watching():
            seen = rotated(stage, times)
        load.go_on(1)
        assert witness.wrong == [], witness.wrong[:3]
        assert unseen(witness, seen) == [], "a CA whose leaf was never served"
        return f"{len(set(seen)) - 1} CAs came and went, {len(witness.leaves)} leaves were served"
