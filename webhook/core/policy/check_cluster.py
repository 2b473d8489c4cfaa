"""Checks of the GPUPolicy and of PriorityClasses."""

from collections.abc import Iterator

from webhook.core.errors import Fault
from webhook.core.policy.catalogue import Catalogue, fault, place, warning
from webhook.core.policy.documents import GPUPolicy
from webhook.core.policy.globs import is_glob
from webhook.core.policy.located import step
from webhook.core.policy.nearest import suggest_all

CREATORS = frozenset(
    {
        "system:serviceaccount:kube-system:job-controller",
        "system:serviceaccount:kube-system:replicaset-controller",
        "system:serviceaccount:kube-system:replication-controller",
        "system:serviceaccount:kube-system:statefulset-controller",
        "system:kube-controller-manager",
    }
)
"""Users that create the pods of everybody's workloads."""

EVERYBODY = frozenset(
    {
        "system:authenticated",
        "system:nodes",
        "system:serviceaccounts",
        "system:serviceaccounts:kube-system",
    }
)
"""Groups that hold such a user, or whose members a tenant can become."""


def check_cluster(everything: Catalogue) -> Iterator[Fault]:
    """Give the faults of what holds for the whole cluster."""
    if not everything.policies:
        yield Fault(
            source=everything.source,
            line=0,
            path="",
            message="no GPUPolicy: add one, named cluster",
        )
    for policy in everything.policies[:1]:
        yield from _default_class(policy, everything)
        yield from _resources(policy)
        yield from _exempt(policy)
    yield from _priority_classes(everything)


def _default_class(policy: GPUPolicy, everything: Catalogue) -> Iterator[Fault]:
    path, name = "spec.defaultClass", policy.default_class
    if name is None:
        yield warning(policy, path, "absent: a GPU pod that names no class is refused")
    elif name not in everything.classes:
        known = suggest_all(name, everything.classes)
        yield fault(policy, path, f"there is no GPUClass {name}; {known}")


def _resources(policy: GPUPolicy) -> Iterator[Fault]:
    if not policy.gpu_resources and not policy.device_classes:
        message = "empty, and spec.deviceClasses too: no pod would be a GPU pod; name one"
        yield fault(policy, "spec.gpuResources", message)


def _exempt(policy: GPUPolicy) -> Iterator[Fault]:
    lists = {
        "namespaces": policy.exempt.namespaces,
        "users": policy.exempt.users,
        "groups": policy.exempt.groups,
    }
    for name, values in lists.items():
        for index, value in enumerate(values):
            path = step(f"spec.exempt.{name}", index)
            if is_glob(value):
                yield fault(policy, path, f"{value} is a glob: name each of the {name} exactly")
            elif name == "users" and value in CREATORS:
                message = f"{value} creates everybody's pods: exempt namespaces instead"
                yield fault(policy, path, message)
            elif name == "groups" and value in EVERYBODY:
                message = f"{value} lets in everybody's pods: name users or namespaces instead"
                yield fault(policy, path, message)


def _priority_classes(everything: Catalogue) -> Iterator[Fault]:
    defaults = [each for each in everything.priority_classes.values() if each.global_default]
    for each in defaults[1:]:
        other = f"{defaults[0].name} ({place(defaults[0], 'globalDefault')})"
        message = f"{other} is the global default already: a cluster has one"
        yield fault(each, "globalDefault", message)
    for each in everything.priority_classes.values():
        if each.name.startswith("system-"):
            message = f"{each.name}: names with system- are Kubernetes' own; choose another"
            yield fault(each, "metadata.name", message)
