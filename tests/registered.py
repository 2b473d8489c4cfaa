"""What is registered, read again: the conditions of an entry, by the names that we gave them."""

import re
from collections.abc import Mapping
from textwrap import dedent
from typing import Any

from webhook.core.registration.configurations import WHOLE


def conditions(entry: Mapping[str, Any]) -> dict[str, str]:
    """Give the conditions of an entry by name; of one that is all of them each by its comment."""
    found = {each["name"]: each["expression"] for each in entry["matchConditions"]}
    if whole := found.pop(WHOLE, ""):
        _, *parts = re.split(r"^// (.*)\n", whole, flags=re.MULTILINE)
        bracketed = (part.rstrip().removesuffix(" &&") for part in parts[1::2])
        texts = (dedent(each[1:-1]).strip() for each in bracketed)
        found |= dict(zip(parts[::2], texts, strict=True))
    return found
