"""Pods with GPUs that are not as their class makes them, or not where it puts them.

- `gpu-pod-outside-pools`: it runs on a node that is of no pool of its class (Preferred: of no pool
  at all).
- `gpu-pod-without-class`: its class does not exist, or is not for its namespace.
- `gpu-pod-unstamped`: it was not changed by gpuclass: it was made before, while the webhook was
  away, by somebody who named its node, or in mode Audit. The message says what it lacks of its
  class.
- `gpu-pod-unfinished`: it has the stamp of the policy in force, but is not as its class makes it:
  another webhook changed it afterwards, or its annotation `gpu-class` was changed.
- `gpu-pod-outdated`: it was made by another revision of the policy and would be another one today.
- `gpu-pod-label`: its label `gpuclass.io/class` is not its class: selectors and metrics are wrong.
- `gpu-pod-priority`: its priority is not that of its class, or is one of the cluster's own.

A pod is never changed once it is there: delete it and let its controller make it anew. Pods of
exempt namespaces are no findings. Pods of DaemonSets get the priority and the label alone.
"""

from collections.abc import Iterator

from webhook.core.audit.finding import Finding, of_pod
from webhook.core.audit.inventory import StoredPod
from webhook.core.audit.view import View
from webhook.core.names import CLASS_LABEL, STAMP_ANNOTATION
from webhook.core.pod import Pod
from webhook.core.policy.documents import Placement
from webhook.core.policy.plan import ClassPlan
from webhook.core.policy.pool_names import named
from webhook.core.rules import placement, priority, stamp, tolerations

_ANEW = "delete it and let its controller make it anew"


def find(stored: StoredPod, view: View) -> Iterator[Finding]:
    """Judge a pod that asks for a GPU."""
    if view.is_exempt(stored.namespace):
        return
    stamped = stamp.read(stored.pod)
    given = stamped.gpu_class if stamped else None
    plan = view.plan_of(stored.pod.annotations, stored.namespace, given)
    if isinstance(plan, str):
        yield _of(stored, "gpu-pod-without-class", f"asks for a GPU, but gets no class: {plan}")
        return
    yield from _outside(stored, plan, view)
    yield from _priority(stored, plan, view)
    yield from _state(stored, plan, view)


def _of(stored: StoredPod, name: str, message: str) -> Finding:
    return of_pod(name, stored.namespace, stored.name, message)


def _outside(stored: StoredPod, plan: ClassPlan, view: View) -> Iterator[Finding]:
    node = stored.pod.spec.node_name
    if not node or node not in view.nodes:
        return
    pools = view.pools.get(node, ())
    expected = plan.pools if plan.placement is Placement.REQUIRED else view.policy.pools
    if not {each.name for each in pools} & {each.name for each in expected}:
        where = named(pools) if pools else "no pool"
        yield _of(
            stored,
            "gpu-pod-outside-pools",
            f"runs on {node} ({where}), but class {plan.name} is for {named(plan.pools)}: "
            f"see that the node is of the right pool, or {_ANEW}",
        )


def _priority(stored: StoredPod, plan: ClassPlan, view: View) -> Iterator[Finding]:
    pod, target = stored.pod, plan.priority
    has = pod.spec.priority_class_name or "none"
    refused = priority.find(pod, plan)
    if refused:
        text = f"{refused[0].path}: {refused[0].message}, and {_ANEW}"
        yield _of(stored, "gpu-pod-priority", text)
    elif target is not None and priority.inject(pod, plan, view.policy.global_default) is not pod:
        wanted = target.name if target.value is None else f"{target.name} ({target.value})"
        yield _of(
            stored,
            "gpu-pod-priority",
            f"spec.priorityClassName: has {has} ({pod.spec.priority or 0}), but class {plan.name} "
            f"gives {wanted}: {_ANEW}",
        )


def _state(stored: StoredPod, plan: ClassPlan, view: View) -> Iterator[Finding]:
    """Compare with what the class would make of the pod, as the validating half does."""
    stamped = stamp.read(stored.pod)
    if stored.owner is not None and stored.owner.kind == "DaemonSet":
        yield from _label(stored, plan.name)
        return
    lacks = " and ".join(_lacking(stored.pod, plan))
    if stamped is None:
        missing = f"and lacks {lacks} of class {plan.name}" if lacks else "but is as its class has"
        yield _of(
            stored,
            "gpu-pod-unstamped",
            f'metadata.annotations["{STAMP_ANNOTATION}"]: has none, so gpuclass did not change it '
            f"(made before, while the webhook was away, or in mode Audit), {missing}: {_ANEW}"
            f"{view.doubt}",
        )
        return
    yield from _label(stored, stamped.gpu_class or "none")
    if not lacks:
        return
    if stamped.revision == view.policy.revision:
        yield _of(
            stored,
            "gpu-pod-unfinished",
            f"lacks {lacks} of class {plan.name}, though it was given it: another webhook changed "
            f"it, or its class was changed on the pod; look at the webhook configurations, and "
            f"{_ANEW}",
        )
    else:
        yield _of(
            stored,
            "gpu-pod-outdated",
            f"was made by revision {stamped.revision or 'none'} of the policy and lacks {lacks} "
            f"that class {plan.name} gives today ({view.policy.revision}): {_ANEW} if it matters",
        )


def _lacking(pod: Pod, plan: ClassPlan) -> Iterator[str]:
    """Name what the class would still change: injection is idempotent."""
    if placement.inject(pod, plan) is not pod:
        yield "the node affinity"
    if tolerations.inject(pod, plan) is not pod:
        yield "tolerations"


def _label(stored: StoredPod, wanted: str) -> Iterator[Finding]:
    """Compare the label with the class that the pod was given."""
    has = (stored.pod.metadata.labels or {}).get(CLASS_LABEL)
    if has != wanted:
        found = f"says {has}" if has else "is not there"
        yield _of(
            stored,
            "gpu-pod-label",
            f'metadata.labels["{CLASS_LABEL}"]: {found}, but the pod got class {wanted}: label it '
            f"{CLASS_LABEL}={wanted}",
        )
