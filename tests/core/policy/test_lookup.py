"""What is looked up is what going through everything would find, and few are looked at."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webhook.core.policy import lookup
from webhook.core.policy.globs import is_match
from webhook.core.policy.lookup import Globs, Subsets

WORDS = st.text(alphabet="ab*", max_size=4)
SETS = st.frozensets(st.integers(0, 4))


@given(st.lists(WORDS), st.text(alphabet="ab", max_size=5))
def test_the_globs_that_stand_for_a_text_are_found_in_their_order(
    globs: list[str], text: str
) -> None:
    entries = [*enumerate(globs)]
    found = Globs((glob, position) for position, glob in entries).matching(text)
    assert found == [position for position, glob in entries if is_match(glob, text)]


@given(st.lists(SETS), SETS)
def test_the_sets_within_another_are_found_in_their_order(
    sets: list[frozenset[int]], items: frozenset[int]
) -> None:
    entries = [*enumerate(sets)]
    found = Subsets((each, position) for position, each in entries).within(items)
    assert found == [position for position, each in entries if each and each <= items]


def test_of_many_globs_only_those_that_begin_so_are_compared(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compared: list[str] = []

    def compare(glob: str, text: str) -> bool:
        compared.append(glob)
        return is_match(glob, text)

    monkeypatch.setattr(lookup, "is_match", compare)
    globs = Globs((f"gpu-{number}-*", number) for number in range(1000))
    assert globs.matching("gpu-7-b") == [7]
    assert compared == ["gpu-7-*"]


def test_a_set_is_looked_for_by_what_fewest_have() -> None:
    sets = Subsets(({"gpu", f"kind-{number}"}, number) for number in range(1000))
    assert sets.within({"gpu", "kind-7"}) == [7]
    assert sets.within({"gpu"}) == []
