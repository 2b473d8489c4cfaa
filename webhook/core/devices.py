"""How many devices a pod takes, and a node offers: whole amounts of extended resources.

What a device is, and to whom it is worth a node, is the business of policies.
"""

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from webhook.core.errors import RequestError
from webhook.core.quantity import parse

Amounts: TypeAlias = Mapping[str, int]
"""Whole devices by resource name."""


def devices(amounts: Mapping[str, str | int | float | None]) -> dict[str, int]:
    """Give the extended resources, which are whole numbers, that are more than none."""
    named = {name: _whole(amount) for name, amount in amounts.items() if "/" in name}
    return {name: amount for name, amount in named.items() if amount > 0}


def taken(initial: Iterable[tuple[Amounts, bool]], running: Iterable[Amounts]) -> dict[str, int]:
    """Give what a pod takes as the scheduler reckons (KEP-753).

    `initial` are the init containers in order, each with whether it is a sidecar, `running` the
    containers. All containers run beside all sidecars; an init container runs beside the sidecars
    before it.
    """
    beside: dict[str, int] = {}
    most: dict[str, int] = {}
    for amounts, is_sidecar in initial:
        if is_sidecar:
            beside = _sum((beside, amounts))
        else:
            most = _most(most, _sum((beside, amounts)))
    return _most(most, _sum((beside, *running)))


def _whole(amount: str | float | None) -> int:
    try:
        return 0 if amount is None else int(parse(amount))
    except RequestError:
        return 0


def _sum(parts: Iterable[Amounts]) -> dict[str, int]:
    total: dict[str, int] = {}
    for part in parts:
        for name, amount in part.items():
            total[name] = total.get(name, 0) + amount
    return total


def _most(one: Amounts, other: Amounts) -> dict[str, int]:
    names = {**one, **other}
    return {name: max(one.get(name, 0), other.get(name, 0)) for name in names}
