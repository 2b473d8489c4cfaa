"""The nearest name, and how many are named."""

import pytest

from webhook.core.policy.nearest import NAMED, listing, nearest, suggest, suggest_all

MANY = [f"kind-{number:04}" for number in range(1000)]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("kind-05000", "kind-0500", id="a-digit-more"),
        pytest.param("kid-0500", "kind-0500", id="a-letter-less"),
        pytest.param("KIND-0999", "kind-0999", id="in-capitals"),
        pytest.param("lind-0007", "kind-0007", id="the-first-letter"),
        pytest.param("training", None, id="like-none"),
    ],
)
def test_of_very_many_names_the_nearest_is_found(name: str, expected: str | None) -> None:
    assert nearest(name, MANY) == expected


def test_of_very_many_names_the_first_are_named_and_the_others_counted() -> None:
    first = ", ".join(MANY[:NAMED])
    assert listing(MANY[:NAMED]) == first
    assert listing(MANY) == f"{first} and {1000 - NAMED} more"
    assert suggest("training", MANY) == f"known: {first} and {1000 - NAMED} more"
    assert suggest_all("kid-0500", MANY) == (
        f"known: {first} and {1000 - NAMED} more; did you mean kind-0500?"
    )


def test_of_nothing_there_is_none() -> None:
    assert suggest_all("a", []) == "there is none"
