"""DaemonSets on GPU nodes: agents that can be evicted there, and those that can not get there.

- `agent-evictable`: its pods run on nodes of a pool without asking for a GPU, at a lower priority
  than a class has whose pods land there and evict others. On a full node the agent goes: no
  metrics, no logs, no network plug-in. Before gpuclass all had priority 0.
- `daemonset-kept-off`: it asks for a GPU, or selects nodes by a GPU vendor's label or one of a
  pool, and does not tolerate the taints of such a pool. Its pods get no tolerations from gpuclass:
  their controller goes by the template. NVIDIA's own stack tolerates `nvidia.com/gpu` alone.

Those of exempt namespaces are looked at too: exempt is who may run there, not who stays.
"""

from collections.abc import Iterator

from webhook.core.audit.finding import DAEMON_SET, Finding
from webhook.core.audit.inventory import DaemonSet
from webhook.core.audit.view import View
from webhook.core.cluster import Node
from webhook.core.cluster import Taint as NodeTaint
from webhook.core.names import CLASS_ANNOTATION, GPU_VENDOR_DOMAINS, SYSTEM_PREFIX
from webhook.core.node_filter import Candidate, refusals
from webhook.core.nodes import HARD_EFFECTS, may_satisfy, tolerates, tolerates_all, written
from webhook.core.pod import Pod
from webhook.core.policy.choices import PreemptionPolicy
from webhook.core.policy.documents import GPUNodePool
from webhook.core.policy.plan import ClassPlan, PriorityTarget, labels_of, own_labels
from webhook.core.policy.pool_names import named
from webhook.core.policy.resources import Need
from webhook.core.rules.placement import required_terms


def find(view: View) -> Iterator[Finding]:
    """Judge every DaemonSet."""
    for (namespace, name), each in (view.daemon_sets or {}).items():
        asked = view.policy.resources.asked(each.template, namespace, view.policy.cluster)
        if asked.need is Need.NOTHING:
            yield from _evictable(namespace, name, each, view)
        if asked.need is not Need.UNKNOWN:
            yield from _kept_off(namespace, name, each, view, asks=asked.need is Need.GPU)


def _of(namespace: str, daemon_set: str, name: str, message: str) -> Finding:
    return Finding(
        name=name, kind=DAEMON_SET, namespace=namespace, object=daemon_set, message=message
    )


def _evictable(namespace: str, name: str, found: DaemonSet, view: View) -> Iterator[Finding]:
    own = _priority(found.template, view)
    if own is None:
        return
    above = {
        plan.name: target
        for plan in view.policy.classes.values()
        if (target := _evicting(plan, own)) is not None
    }
    if not above:
        return
    reached = [pool for pool in view.policy.pools if _reaches(found.template, pool, view)]
    for class_name, target in above.items():
        pools = [each for each in view.policy.classes[class_name].pools if each in reached]
        if pools:
            yield _of(
                namespace,
                name,
                "agent-evictable",
                f"spec.template.spec.priorityClassName: has {_named(found.template)} ({own}) and "
                f"runs on nodes of {named(pools)}, where pods of class {class_name} "
                f"({target.name}, {target.value}) evict it: give it system-node-critical, or a "
                "PriorityClass of that value or more",
            )


def _named(pod: Pod) -> str:
    return pod.spec.priority_class_name or "none"


def _priority(pod: Pod, view: View) -> int | None:
    """Give the priority that a template's pods get; None: above all, or not known."""
    name = pod.spec.priority_class_name or view.policy.global_default
    if name is None:
        return 0
    known = view.policy.priority_classes.get(name)
    return None if name.startswith(SYSTEM_PREFIX) or known is None else known.value


def _evicting(plan: ClassPlan, above: int) -> PriorityTarget | None:
    """Give the priority of a class whose pods evict others, where it is higher."""
    target = plan.priority
    if target is None or target.value is None or target.preemption_policy == PreemptionPolicy.NEVER:
        return None
    return target if target.value > above else None


def _reaches(pod: Pod, pool: GPUNodePool, view: View) -> bool:
    """Tell whether pods of a template run on nodes of a pool: those that there are, if any."""
    if not tolerates_all(pod.spec.tolerations or (), pool.taints) or not _admits(pod, pool):
        return False
    nodes = view.members[pool.name]
    return not nodes or any(not refusals(pod, _plain(each, pool)) for each in nodes)


def _plain(node: Candidate, pool: GPUNodePool) -> Candidate:
    """Give a node with just its pool's taints: others pass, or a DaemonSet tolerates them."""
    taints = tuple(NodeTaint(key=t.key, value=t.value, effect=t.effect.value) for t in pool.taints)
    return Candidate(name=node.name, marks=Node(labels=node.marks.labels, taints=taints))


def _admits(pod: Pod, pool: GPUNodePool) -> bool:
    """Tell whether a node of a pool may be selected, by what the pool declares."""
    labels, terms = labels_of(pool), required_terms(pod)
    selector = pod.spec.node_selector or {}
    if any(labels.get(key, value) != value for key, value in selector.items()):
        return False
    return not terms or any(may_satisfy(labels, each) for each in terms)


def _kept_off(
    namespace: str, name: str, found: DaemonSet, view: View, *, asks: bool
) -> Iterator[Finding]:
    pod = found.template
    wanted = _of_class(namespace, found, view) if asks else _selected(pod, view)
    missing = {pool.name: _untolerated(pod, pool) for pool in wanted if _admits(pod, pool)}
    said = [f"{' and '.join(each)} of pool {pool}" for pool, each in missing.items() if each]
    if said:
        why = "asks for a GPU" if asks else "selects GPU nodes"
        yield _of(
            namespace,
            name,
            "daemonset-kept-off",
            f"spec.template.spec.tolerations: {why}, but does not tolerate {', '.join(said)}, so "
            "it never runs there: add the tolerations to its template (its chart's values)",
        )


def _untolerated(pod: Pod, pool: GPUNodePool) -> list[str]:
    given = pod.spec.tolerations or ()
    hard = (each for each in pool.taints if each.effect.value in HARD_EFFECTS)
    return [written(taint) for taint in hard if not any(tolerates(each, taint) for each in given)]


def _of_class(namespace: str, found: DaemonSet, view: View) -> tuple[GPUNodePool, ...]:
    own = {key: text for key, text in found.annotations.items() if key == CLASS_ANNOTATION}
    plan = view.plan_of({**own, **found.template.annotations}, namespace)
    return () if isinstance(plan, str) else plan.pools


def _selected(pod: Pod, view: View) -> tuple[GPUNodePool, ...]:
    """Give the pools that a template asks for by labels: a vendor's, or a pool's own."""
    keys = {*(pod.spec.node_selector or {})}
    keys.update(
        each.key
        for term in required_terms(pod)
        for each in term.match_expressions or ()
        if each.operator in {"In", "Exists"}
    )
    if any(key.partition("/")[0] in GPU_VENDOR_DOMAINS for key in keys):
        return view.policy.pools
    return tuple(p for p in view.policy.pools if not keys.isdisjoint(own_labels(p)))
