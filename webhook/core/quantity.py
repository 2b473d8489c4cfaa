"""Kubernetes quantities: `2`, `"500m"`, `"1e3"`, `"4Gi"`.

The grammar is that of apimachinery's resource.Quantity (pkg/api/resource/quantity.go): a decimal
number with a binary suffix, a decimal suffix or an exponent.
"""

import re
from decimal import Decimal
from functools import lru_cache

from webhook.core.errors import RequestError

_QUANTITY = re.compile(
    r"(?P<number>[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+))"
    r"(?P<suffix>Ki|Mi|Gi|Ti|Pi|Ei|[numkMGTPE]|[eE][+-]?[0-9]{1,4})?"
)
_BINARY = {f"{letter}i": Decimal(1024) ** power for power, letter in enumerate("KMGTPE", start=1)}
_DECIMAL = {
    "n": Decimal("1e-9"),
    "u": Decimal("1e-6"),
    "m": Decimal("1e-3"),
    "k": Decimal("1e3"),
    "M": Decimal("1e6"),
    "G": Decimal("1e9"),
    "T": Decimal("1e12"),
    "P": Decimal("1e15"),
    "E": Decimal("1e18"),
}


def parse(amount: str | float) -> Decimal:
    """Give the value of a quantity; raise RequestError that names what is none."""
    matched = _matched(amount)
    number, suffix = Decimal(matched["number"]), matched["suffix"]
    if suffix is None:
        return number
    factor = _BINARY.get(suffix) or _DECIMAL.get(suffix)
    return number * factor if factor is not None else number.scaleb(int(suffix[1:]))


def is_positive(amount: str | float) -> bool:
    """Tell whether a quantity is more than zero: `"0"` asks for nothing."""
    if isinstance(amount, int):
        return amount > 0
    text = str(amount)
    return _is_usual_positive(text) if len(text) <= _USUAL_LENGTH else _is_positive(text)


def _is_positive(text: str) -> bool:
    number: str = _matched(text)["number"]
    return not number.startswith("-") and number.strip("+0.") != ""


_USUAL_LENGTH = 16
_is_usual_positive = lru_cache(maxsize=1024)(_is_positive)
"""The same few amounts stand in nearly all pods; what is kept of them is bounded."""


def _matched(amount: str | float) -> re.Match[str]:
    matched = _QUANTITY.fullmatch(str(amount))
    if matched is None:
        raise RequestError(f"{amount!r} is no quantity; expected a number such as 1, 500m or 4Gi")
    return matched
