"""Quantities as apimachinery reads them."""

from decimal import Decimal

import pytest

from webhook.core.errors import RequestError
from webhook.core.quantity import is_positive, parse


@pytest.mark.parametrize(
    ("amount", "value"),
    [
        ("0", "0"),
        (0, "0"),
        (2, "2"),
        (1.5, "1.5"),
        (1e-07, "1e-7"),
        ("1", "1"),
        ("+1", "1"),
        ("-1", "-1"),
        ("1.", "1"),
        (".5", "0.5"),
        ("500m", "0.5"),
        ("1n", "1e-9"),
        ("1u", "1e-6"),
        ("1k", "1000"),
        ("1M", "1e6"),
        ("1G", "1e9"),
        ("1T", "1e12"),
        ("1P", "1e15"),
        ("1E", "1e18"),
        ("1e0", "1"),
        ("1E3", "1000"),
        ("5e-1", "0.5"),
        ("2e+2", "200"),
        ("1Ki", "1024"),
        ("4Gi", "4294967296"),
        ("1Mi", "1048576"),
        ("1Ti", "1099511627776"),
        ("1Pi", "1125899906842624"),
        ("1Ei", "1152921504606846976"),
    ],
    ids=str,
)
def test_quantity_has_its_value(amount: str | float, value: str) -> None:
    assert parse(amount) == Decimal(value)


@pytest.mark.parametrize(
    "amount", ["", " 1", "1 ", "1\n", "one", "1K", "1ki", "1KI", "1e", "1e1.5", "1_0", "--1", "٣"]
)
def test_anything_else_is_no_quantity(amount: str) -> None:
    with pytest.raises(RequestError) as caught:
        parse(amount)
    expected = f"{amount!r} is no quantity; expected a number such as 1, 500m or 4Gi"
    assert str(caught.value) == expected


@pytest.mark.parametrize("amount", ["1", 1, "1e0", "1k", "500m", 0.5, "0.001", "1n"], ids=str)
def test_more_than_zero_asks_for_something(amount: str | float) -> None:
    assert is_positive(amount)


@pytest.mark.parametrize("amount", ["0", 0, 0.0, "0m", "0e5", "-0", "0.000", "-1", -1], ids=str)
def test_zero_and_less_ask_for_nothing(amount: str | float) -> None:
    assert not is_positive(amount)
