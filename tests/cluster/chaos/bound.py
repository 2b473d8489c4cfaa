"""How often at most requests are lost, by what was seen: the exact bound of Clopper and Pearson.

C. J. Clopper, E. S. Pearson, Biometrika 26 (1934). Where none is lost it is the rule of three, 3/n.
"""

import math

CONFIDENCE = 0.95
STEPS = 60
"""Of the bisection: more than a float can tell apart."""


def upper(lost: int, requests: int) -> float:
    """Give the one-sided 95 % upper bound of the rate at which requests are lost, 0..1."""
    if lost >= requests:
        return 1.0
    low, high = 0.0, 1.0
    for _ in range(STEPS):
        middle = (low + high) / 2
        is_likely = _at_most(lost, requests, middle) > 1 - CONFIDENCE
        low, high = (middle, high) if is_likely else (low, middle)
    return high


def _at_most(lost: int, requests: int, rate: float) -> float:
    """Give the chance that at most so many are lost (binomial), `rate` being strictly in 0..1."""
    return sum(math.exp(_log_chance(each, requests, rate)) for each in range(lost + 1))


def _log_chance(lost: int, requests: int, rate: float) -> float:
    ways = math.lgamma(requests + 1) - math.lgamma(lost + 1) - math.lgamma(requests - lost + 1)
    return ways + lost * math.log(rate) + (requests - lost) * math.log1p(-rate)
