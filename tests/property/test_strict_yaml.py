"""What libyaml reads quickly says what PyYAML's own parser would say, and so do all refusals."""

import re
from itertools import product
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tests.core.policy.pure import assert_read_alike
from webhook.core.policy import strict_yaml

ROOT = Path(__file__).parents[2]
TEXTS = tuple(
    path.read_text(encoding="utf-8")
    for folder in ("policies", "deploy")
    for path in sorted((ROOT / folder).rglob("*.yaml"))
)
"""As people write them: policies, cases, manifests, a chart's templates."""
KEY = "k" * 1022
"""A key that needs no `?` ends within 1,024 characters."""

PIECES = (
    *("a", "1", "true", "yes", "x y", "a:b", "a#b", "é", "😀", "", "=", "~", "<<", "0x1", "+", "."),
    *("- ", "-", "? ", "?", ": ", ":", " :", ", ", ",", "[", "]", "{", "}", "{a: b}", "[a, b]"),
    *("# c", "#", " # c\n", "\n# c\n", "\n", "\n\n\n", "\r\n", "\r", " ", "  ", "\t", "\n\t"),
    *("a: b\n", "- a\n", "\n  ", "\n    ", "\n- ", "\n  - ", '"a": b', '"a":b', "{a:1}", "{a?}"),
    *('"', "'", '"q"', "'s'", "'it''s'", '"a\n\n  b"', "'a\n b'", '"a\\\n b"', "\\", "\\n"),
    *('"\\x41"', '"\\u00e9"', '"\\ud800"', '"\\UFFFFFFFF"', "|", ">", "|-\n  ", ">+\n  ", "|2\n  "),
    *("---", "--- ", "\n---\n", "...", "\n...\n", "%YAML 1.1\n---\n", "%TAG ! x\n", "%", "@", "`"),
    *("&a ", "*a", "! ", "!!str ", "!<x> ", "\ufeff", "\x07", "\x7f", "\x85", "\u2028", "\ud800"),
    *(KEY, f"{KEY[:-3]}: ", f'"{KEY}": ', "[" * 33, "{a: " * 17),
)

pieces = st.lists(st.sampled_from(PIECES), max_size=14).map("".join)


@st.composite
def spoilt(draw: st.DrawFn) -> str:
    """Give a part of a file with a few pieces put in it, each in the place of some characters."""
    text = draw(st.sampled_from(TEXTS))
    begin = draw(st.integers(0, len(text)))
    text = text[begin : begin + draw(st.sampled_from((100, 400, 2000)))]
    for _ in range(draw(st.integers(0, 3))):
        place = draw(st.integers(0, len(text)))
        text = (
            text[:place] + draw(st.sampled_from(PIECES)) + text[place + draw(st.integers(0, 3)) :]
        )
    return text


def test_libyaml_is_there() -> None:
    assert vars(strict_yaml)["_QUICK"] is yaml.CSafeLoader


@given(pieces | spoilt())
def test_libyaml_changes_nothing_of_what_is_read(text: str) -> None:
    assert_read_alike(text)


def test_libyaml_changes_nothing_of_files_that_are_there() -> None:
    for text in TEXTS:
        assert_read_alike(text)


@pytest.mark.parametrize("length", [1, 2, 3, pytest.param(5, marks=pytest.mark.slow)])
def test_libyaml_changes_nothing_of_any_few_characters(length: int) -> None:
    for characters in product("a-:,[]{}#'\"|> \n.\\", repeat=length):
        assert_read_alike("".join(characters))


@pytest.mark.parametrize("text", ["a:\tb", "{a?}", "a: |#c\n", "a: >-2#c\n", "--- a\n---\n\ufeff"])
def test_what_libyaml_reads_otherwise_is_kept_from_it(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert_read_alike(text)
    monkeypatch.setattr(strict_yaml, "_UNALIKE", re.compile("(?!)"))
    with pytest.raises(AssertionError):
        assert_read_alike(text)
