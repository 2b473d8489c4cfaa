"""Which pools are open to a pod by what it tolerates, found without going through all of them.

A pool is found by one hard taint of it, that which fewest pools have: whoever does not tolerate
that one is kept off anyway.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from webhook.core.nodes import HARD_EFFECTS, is_blanket, tolerates_all
from webhook.core.pod import Toleration
from webhook.core.policy.documents import GPUNodePool, Taint


class Reach:
    """The pools, by the taints that keep pods off."""

    def __init__(self, pools: Iterable[GPUNodePool]) -> None:
        """Take the pools in their order."""
        self._pools = tuple(pools)
        counts = Counter(taint for pool in self._pools for taint in pool.taints)
        self._open: list[int] = []
        self._shut: dict[str, dict[str, dict[str, list[int]]]] = {}
        for position, pool in enumerate(self._pools):
            hard = [taint for taint in pool.taints if taint.effect in HARD_EFFECTS]
            if hard:
                self._place(min(hard, key=counts.__getitem__)).append(position)
            else:
                self._open.append(position)

    def opened_by(self, tolerations: Sequence[Toleration]) -> Iterator[GPUNodePool]:
        """Give the pools of which no hard taint is left that no toleration covers."""
        for pool in self._likely(tolerations):
            if tolerates_all(tolerations, pool.taints):
                yield pool

    def _likely(self, tolerations: Sequence[Toleration]) -> Iterable[GPUNodePool]:
        if any(is_blanket(each) and not each.effect for each in tolerations):
            return self._pools
        near = {*self._open, *(place for each in tolerations for place in self._near(each))}
        return (self._pools[position] for position in sorted(near))

    def _place(self, taint: Taint) -> list[int]:
        of_key = self._shut.setdefault(taint.effect.value, {}).setdefault(taint.key, {})
        return of_key.setdefault(taint.value, [])

    def _near(self, toleration: Toleration) -> Iterator[int]:
        """Give the pools whose taint a toleration may cover."""
        effects = (toleration.effect,) if toleration.effect else HARD_EFFECTS
        for effect in effects:
            by_key = self._shut.get(effect, {})
            keys = (toleration.key,) if toleration.key else by_key
            for key in keys:
                by_value = by_key.get(key, {})
                is_one = (toleration.operator or "Equal") == "Equal"
                values = (toleration.value or "",) if is_one else by_value
                for value in values:
                    yield from by_value.get(value, ())
