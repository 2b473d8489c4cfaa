"""Rule `contradiction`: a GPU pod whose own selector excludes every node of its class.

`nodeSelector` and the class's affinity are ANDed by the scheduler: a pod that selects
`gpu-type=development` and asks for class production waits for ever. It is refused at once, with
both places named. Only labels that pools declare count; what they say nothing of may be there.

A selector that the namespace added (plug-in PodNodeSelector) is said to come from there.

A Preferred class may also use other GPU nodes whose taints its pods tolerate: those count too.
"""

from collections.abc import Iterable, Iterator, Mapping

from webhook.core import origin
from webhook.core.cluster import Cluster
from webhook.core.decision import Violation
from webhook.core.nodes import may_satisfy
from webhook.core.pod import NodeSelectorTerm, Pod
from webhook.core.policy.documents import GPUNodePool, Placement
from webhook.core.policy.plan import ClassPlan, labels_of
from webhook.core.policy.policy import Policy
from webhook.core.rules.placement import TERMS_PATH, required_terms

NAME = "contradiction"


def find(
    pod: Pod, injected: Pod, plan: ClassPlan, policy: Policy, namespace: str
) -> tuple[Violation, ...]:
    """Refuse a pod that no pool within its class's reach can take, by labels alone.

    `injected` is the pod as its class makes it: what it requires and tolerates then says which
    other pools it reaches.
    """
    selector, terms = pod.spec.node_selector or {}, required_terms(pod)
    if not selector and not terms:
        return ()
    if any(_admits(pool, selector, terms) for pool in plan.pools):
        return ()
    if any(pools_elsewhere(injected, plan, policy)):
        return ()
    by_selector = tuple(_by_selector(selector, plan, namespace, policy.cluster))
    return by_selector or (_by_terms(plan),)


def _admits(
    pool: GPUNodePool, selector: Mapping[str, str], terms: Iterable[NodeSelectorTerm]
) -> bool:
    labels, ored = labels_of(pool), tuple(terms)
    if any(labels.get(key, value) != value for key, value in selector.items()):
        return False
    return not ored or any(may_satisfy(labels, term) for term in ored)


def pools_elsewhere(injected: Pod, plan: ClassPlan, policy: Policy) -> Iterator[GPUNodePool]:
    """Give the pools that a pod of a Preferred class reaches besides those of its class."""
    if plan.placement is not Placement.PREFERRED:
        return
    selector, terms = injected.spec.node_selector or {}, required_terms(injected)
    tolerations = injected.spec.tolerations or ()
    for pool in policy.reach.opened_by(tolerations):
        if _admits(pool, selector, terms):
            yield pool


def _by_selector(
    selector: Mapping[str, str], plan: ClassPlan, namespace: str, cluster: Cluster
) -> Iterator[Violation]:
    """Name each entry of the nodeSelector that no pool of the class agrees with."""
    for key, value in selector.items():
        carried = {pool.name: labels_of(pool).get(key, value) for pool in plan.pools}
        if value in carried.values():
            continue
        nodes = ", ".join(f"pool {name} carry {key}={has}" for name, has in carried.items())
        instead = origin.way_out(origin.of_selector(key, value, namespace, cluster), "drop it")
        yield Violation(
            rule=NAME,
            path=f'spec.nodeSelector["{key}"]',
            message=f"{value} contradicts class {plan.name}: nodes of {nodes}; "
            f"{instead} or name another class",
        )


def _by_terms(plan: ClassPlan) -> Violation:
    pools = ", ".join(pool.name for pool in plan.pools)
    return Violation(
        rule=NAME,
        path=TERMS_PATH,
        message=f"no node of class {plan.name} (pools {pools}) can meet what the pod requires "
        "together with its nodeSelector; drop what contradicts or name another class",
    )
