"""Names of pools, out of what labels say: DNS labels, no two alike."""

import re
from collections import Counter
from collections.abc import Collection, Sequence

from webhook.core.adopt.groups import Group
from webhook.core.policy.syntax import DNS_LABEL

_FALLBACK = "gpu"
_MAKERS = ("nvidia-", "amd-")


def names(groups: Sequence[Group], taken: Collection[str]) -> tuple[str, ...]:
    """Name groups: by their identity, and by their GPUs where several have one identity."""
    bases = [_base(each) for each in groups]
    often = Counter(bases)
    given = set(taken)
    found = []
    for group, base in zip(groups, bases, strict=True):
        wanted = _joined(base, group.model, group.part) if often[base] > 1 else base
        name = free(wanted, given)
        given.add(name)
        found.append(name)
    return tuple(found)


def _base(group: Group) -> str:
    if group.identity is not None and group.identity not in group.foreign:
        return _slug(group.identity[1]).removeprefix("gpu-") or _FALLBACK
    return _model(group.model) or _FALLBACK


def _joined(base: str, model: str, part: str) -> str:
    more = [each for each in (_model(model), _slug(part)) if each and each not in base]
    return _slug("-".join([base, *more]))


def _model(model: str) -> str:
    slug = _slug(model)
    for maker in _MAKERS:
        slug = slug.removeprefix(maker)
    return slug


def _slug(text: str) -> str:
    plain = re.sub("[^a-z0-9]+", "-", text.lower())
    return plain[: DNS_LABEL.max_length].strip("-")


def free(name: str, taken: Collection[str]) -> str:
    """Give the name, or with a number after it the first one that nobody has."""
    found, number = name, 1
    while found in taken:
        number += 1
        end = f"-{number}"
        found = f"{name[: DNS_LABEL.max_length - len(end)].rstrip('-')}{end}"
    return found
