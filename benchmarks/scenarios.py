"""What is measured: how reviews arrive."""

from dataclasses import dataclass

UNLIKE = "unlike"
"""The folder of pods that are each unlike."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One way in which reviews arrive.

    `rate` is reviews a second, each due at its time (0: each connection sends the next as soon as
    it has an answer); `is_fresh` opens a connection for each review; `bodies` is the folder, within
    that of all, which the reviews are from; `longer` is how many times as long as others a run
    beside Go lasts, for of few reviews a p99 is chance.
    """

    name: str
    title: str
    connections: int
    rate: int = 0
    is_fresh: bool = False
    bodies: str = ""
    longer: int = 1


SCENARIOS = (
    Scenario(name="closed-1", title="1 connection, one after another", connections=1),
    Scenario(name="closed-16", title="16 connections, one after another", connections=16),
    Scenario(
        name="unlike-16", title="16 connections, each pod unlike", connections=16, bodies=UNLIKE
    ),
    Scenario(name="steady-200", title="steady 200 a second", connections=16, rate=200, longer=4),
    Scenario(name="steady-1500", title="steady 1,500 a second", connections=16, rate=1500),
    Scenario(
        name="fresh-8", title="a new connection each, 8 at a time", connections=8, is_fresh=True
    ),
)
