"""How tests are shared out when several workers run them (`pytest -n 2`): who keeps together, when.

Every worker starts the control planes that its tests ask for. What is shared by a session or a
module must not start twice, so a file is never split, and some folders are not either.
"""

from xdist.scheduler import LoadScopeScheduling

TOGETHER = ("tests/cluster/governed/", "tests/cluster/operations/", "tests/gitops/")
"""Folders whose files share one control plane."""

APART = ("tests/property/",)
"""Folders whose tests share nothing: each is a unit of its own."""

FIRST = (
    "tests/cluster/governed/",
    "tests/cluster/chaos/test_rows.py",
    "tests/gitops/",
    "tests/cluster/test_controller.py",
    "tests/cluster/test_rotation.py",
    "tests/cluster/",
)
"""What takes longest begins first, so that no worker is left alone with it at the end."""


def unit(nodeid: str) -> str:
    """Give what a test is a part of: what one worker runs whole."""
    file = nodeid.partition("::")[0]
    if file.startswith(APART):
        return nodeid
    return next((folder for folder in TOGETHER if file.startswith(folder)), file)


def rank(nodeid: str) -> int:
    """Give when a test's turn is: the lower the earlier."""
    places = (place for place, path in enumerate(FIRST) if nodeid.startswith(path))
    return next(places, len(FIRST))


class InUnits(LoadScopeScheduling):  # type: ignore[misc] # it says no types
    """Gives whole units to workers, in the order in which tests were collected."""

    def _split_scope(self, nodeid: str) -> str:
        """Give the unit of a test."""
        return unit(nodeid)
