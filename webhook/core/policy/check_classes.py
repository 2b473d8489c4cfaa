"""Checks of GPUClasses against the pools and the PriorityClasses that they name."""

from collections.abc import Iterator, Sequence

from webhook.core.errors import Fault
from webhook.core.policy.catalogue import Catalogue, fault, warning
from webhook.core.policy.documents import GPUClass, GPUNodePool, Placement
from webhook.core.policy.located import step
from webhook.core.policy.nearest import suggest_all
from webhook.core.policy.plan import is_telling

LOWEST_SCALED_PRIORITY = -10
"""Cluster Autoscaler makes no room for pods below it (--expendable-pods-priority-cutoff)."""


def check_classes(everything: Catalogue) -> Iterator[Fault]:
    """Give the faults of every class."""
    for each in everything.classes.values():
        yield from _pools(each, everything)
        yield from _priorities(each, everything)


def _pools(each: GPUClass, everything: Catalogue) -> Iterator[Fault]:
    for index, reference in enumerate(each.pools):
        if reference.name not in everything.pools:
            path = f"{step('spec.pools', index)}.name"
            known = suggest_all(reference.name, everything.pools)
            yield fault(each, path, f"there is no GPUNodePool {reference.name}; {known}")
    pools = [everything.pools[p.name] for p in each.pools if p.name in everything.pools]
    if len(pools) == len(each.pools) > 1:
        yield from _placement(each, pools)


def _placement(each: GPUClass, pools: Sequence[GPUNodePool]) -> Iterator[Fault]:
    selectors = [set(pool.selector.items()) for pool in pools]
    shared = set.intersection(*selectors)
    differing = {key for key, _ in set.union(*selectors) - shared}
    if each.placement is Placement.PREFERRED and not is_telling(key for key, _ in shared):
        message = (
            "the selectors of the pools share no label that tells GPU nodes from others, so no"
            " required one keeps the pods on GPU nodes: they are kept to these pools instead;"
            " give the pools one in common"
        )
        yield warning(each, "spec.pools", message)
    if each.placement is Placement.REQUIRED and len(differing) > 1:
        message = (
            f"the pools differ in {', '.join(sorted(differing))}: every node selector term of a"
            " pod is multiplied by the pools; let their selectors differ in one label"
        )
        yield warning(each, "spec.pools", message)


def missing_priority_classes(each: GPUClass, everything: Catalogue) -> Iterator[tuple[str, str]]:
    """Give path and name of each PriorityClass that a class names and no document defines."""
    for path, name in _priority_names(each):
        if name not in everything.priority_classes and not name.startswith("system-"):
            yield path, name


def _priorities(each: GPUClass, everything: Catalogue) -> Iterator[Fault]:
    for path, name in _priority_names(each):
        yield from _priority(each, path, name, everything)


def _priority_names(each: GPUClass) -> Iterator[tuple[str, str]]:
    if each.priority_class_name is not None:
        yield "spec.priorityClassName", each.priority_class_name
    for index, name in enumerate(each.allowed_priority_class_names):
        yield step("spec.allowedPriorityClassNames", index), name


def _priority(each: GPUClass, path: str, name: str, everything: Catalogue) -> Iterator[Fault]:
    priority_class = everything.priority_classes.get(name)
    if name.startswith("system-"):
        yield fault(each, path, f"{name} is for Kubernetes' own pods: choose another")
    elif priority_class is None:
        known = suggest_all(name, everything.priority_classes)
        message = f"no document defines the PriorityClass {name}: the cluster must; {known}"
        yield warning(each, path, message)
    elif priority_class.value < LOWEST_SCALED_PRIORITY:
        message = (
            f"{name} has value {priority_class.value}: Cluster Autoscaler adds no node for pods"
            f" below {LOWEST_SCALED_PRIORITY}; raise it"
        )
        yield warning(each, path, message)
