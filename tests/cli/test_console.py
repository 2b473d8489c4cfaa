"""Where colour is wanted."""

import io

import pytest

from webhook.cli.console import When, wants_colour


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """Say so."""
        return True


@pytest.mark.parametrize(
    ("when", "out", "environment", "expected"),
    [
        (When.AUTO, Terminal(), {}, True),
        (When.AUTO, Terminal(), {"NO_COLOR": ""}, True),
        (When.AUTO, Terminal(), {"NO_COLOR": "1"}, False),
        (When.AUTO, Terminal(), {"TERM": "dumb"}, False),
        (When.AUTO, io.StringIO(), {}, False),
        (When.ALWAYS, io.StringIO(), {"NO_COLOR": "1"}, True),
        (When.NEVER, Terminal(), {}, False),
    ],
)
def test_colour_is_for_terminals_and_for_those_who_ask(
    when: When,
    out: io.StringIO,
    environment: dict[str, str],
    expected: bool,  # a row of a table
) -> None:
    assert wants_colour(when, out, environment) is expected
