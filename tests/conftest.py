"""Settings for all tests: how many examples Hypothesis tries, and how workers share the tests.

At the very end it is said what was not proved for want of a control plane: here and not beside the
fixture, because with several workers nobody but this file is read by who writes the summary.
"""

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings
from xdist.remote import Producer

from tests.sharing import InUnits, rank

UNPROVED = "no control plane: "
"""How the reason begins for which the control plane's tests are skipped."""

_QUIET = (HealthCheck.too_slow, HealthCheck.filter_too_much)

settings.register_profile(
    "regular",
    max_examples=200,
    deadline=None,
    derandomize=os.environ.get("CI") == "true",
    suppress_health_check=_QUIET,
)
settings.register_profile("slow", max_examples=20_000, deadline=None, suppress_health_check=_QUIET)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "regular"))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> InUnits:
    """Have files and some folders stay whole, in the order of `sharing.rank`."""
    config.option.loadscopereorder = False
    return InUnits(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin with what takes longest; one process alone keeps the order, quick tests first."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: rank(item.nodeid))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> Iterator[None]:
    """Say at the very end what was not proved."""
    yield
    skipped = terminalreporter.stats.get("skipped", [])
    reasons = [
        str(each.longrepr[2]) for each in skipped if isinstance(each.longrepr, (tuple, list))
    ]
    unproved = {each.partition(UNPROVED)[2] for each in reasons if UNPROVED in each}
    for reason in sorted(unproved)[:1]:
        line = f"NOT PROVED: control-plane tests were skipped: {reason}"
        terminalreporter.write_line(line, red=True, bold=True)
