"""Text from elsewhere: on one line, without what steers a terminal, and bounded."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webhook.core.text import printable, shortened, shown


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain, mit Ümlaut", "plain, mit Ümlaut"),
        ("a\nb\r\tc", r"a\nb\r\tc"),
        ("\x1b[31mred\x9b", r"\x1b[31mred\x9b"),
        ("abc\u202edef\u2066", r"abc\u202edef\u2066"),
        ("line\u2028paragraph\u2029", r"line\u2028paragraph\u2029"),
        ("\ud800", r"\ud800"),
        ("é \x1b[31m\n\udcff", r"é \x1b[31m\n\udcff"),
    ],
)
def test_what_does_not_print_is_written_out(text: str, expected: str) -> None:
    assert printable(text) == expected


def test_what_is_too_long_says_how_long_it_was() -> None:
    assert shortened("x" * 2000, 40) == "x" * 19 + "... (2000 characters)"
    assert shortened("x" * 40, 40) == "x" * 40


@given(st.text(), st.integers(0, 60))
def test_what_is_shown_prints_and_is_bounded(text: str, most: int) -> None:
    found = shown(text, most)
    assert len(found) <= most
    assert found.isprintable()
    assert found == text or not text.isprintable() or len(text) > most
