"""How a message names node pools: `pool training`, `pools training, worker`."""

from collections.abc import Iterable

from webhook.core.policy.documents import GPUNodePool

SHOWN = 4
"""Pools that a message names before it only counts them."""


def named(pools: Iterable[GPUNodePool]) -> str:
    """Name pools in a message, the first few of them."""
    names = sorted({pool.name for pool in pools})
    shown = ", ".join(names[:SHOWN])
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"{'pool' if len(names) == 1 else 'pools'} {shown}{more}"
