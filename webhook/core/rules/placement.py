"""Rule `placement`: the node affinity of a class, ANDed with the pod's own.

Terms of `nodeSelectorTerms` are ORed, so the class's requirements go into *every* one of them and
no term is added beside them; an empty term matches nothing and stays empty; `matchFields` stay.
A class whose pools differ in more than one label has several alternatives: each term is multiplied
by them. Preferences are added to those the pod has.

    required: [[zone In [a]], [zone In [b]]]
    becomes
    required: [[zone In [a], gpu-type In [production]], [zone In [b], gpu-type In [production]]]
"""

from msgspec.structs import replace

from webhook.core.pod import (
    Affinity,
    NodeAffinity,
    NodeSelector,
    NodeSelectorRequirement,
    NodeSelectorTerm,
    Pod,
)
from webhook.core.policy.plan import ClassPlan, Requirements
from webhook.core.policy.policy import Policy

NAME = "placement"

TERMS_PATH = "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution"


def inject(pod: Pod, plan: ClassPlan) -> Pod:
    """Bring a pod's node affinity to the class's; the same pod where it is there already."""
    affinity = pod.spec.affinity
    current = affinity.node_affinity if affinity else None
    if current is None:
        return with_node_affinity(pod, plan.affinity)
    wanted = _preferring(_requiring(current, plan.alternatives), plan)
    return pod if wanted == current else with_node_affinity(pod, wanted)


def warn(pod: Pod, policy: Policy) -> tuple[str, ...]:
    """Say that a pod requires a label by the name of a GPU resource, which no pool declares."""
    terms, selector = required_terms(pod), pod.spec.node_selector or {}
    if not terms and not selector:
        return ()
    keys = {each.key for term in terms for each in term.match_expressions or ()}
    keys.update(selector)
    return tuple(
        f"no pool declares a label {key}, which the pod requires of its node: "
        "it waits unless nodes carry it (a GPU resource is no label)"
        for key in sorted(keys)
        if key not in policy.labels and policy.resources.matches(key)
    )


def required_terms(pod: Pod) -> tuple[NodeSelectorTerm, ...]:
    """Give the ORed terms of a pod's required node affinity, none where it has none."""
    node_affinity = pod.spec.affinity.node_affinity if pod.spec.affinity else None
    required = (
        node_affinity.required_during_scheduling_ignored_during_execution if node_affinity else None
    )
    return (required.node_selector_terms or ()) if required else ()


def require(pod: Pod, requirements: Requirements) -> Pod:
    """AND requirements into a pod's node affinity; the same pod where they are there already."""
    affinity = pod.spec.affinity
    current = (affinity.node_affinity if affinity else None) or NodeAffinity()
    wanted = _requiring(current, (requirements,))
    return pod if wanted == current else with_node_affinity(pod, wanted)


def with_node_affinity(pod: Pod, node_affinity: NodeAffinity | None) -> Pod:
    """Give the pod with another node affinity; its pod affinity stays."""
    affinity = replace(pod.spec.affinity or Affinity(), node_affinity=node_affinity)
    return replace(pod, spec=replace(pod.spec, affinity=affinity))


def _requiring(current: NodeAffinity, alternatives: tuple[Requirements, ...]) -> NodeAffinity:
    selector = current.required_during_scheduling_ignored_during_execution
    if selector is None:
        terms = tuple(NodeSelectorTerm(match_expressions=each) for each in alternatives)
    else:
        own = selector.node_selector_terms or ()
        terms = tuple(new for term in own for new in _narrowed(term, alternatives))
    return replace(
        current,
        required_during_scheduling_ignored_during_execution=NodeSelector(node_selector_terms=terms),
    )


def _narrowed(
    term: NodeSelectorTerm, alternatives: tuple[Requirements, ...]
) -> tuple[NodeSelectorTerm, ...]:
    """Multiply a term by the alternatives, unless it is within one of them already."""
    own = term.match_expressions or ()
    if not own and not term.match_fields:
        return (term,)
    missing = [tuple(each for each in wanted if not _implied(each, own)) for wanted in alternatives]
    if () in missing:
        return (term,)
    return tuple(replace(term, match_expressions=(*own, *more)) for more in missing)


def _implied(wanted: NodeSelectorRequirement, own: Requirements) -> bool:
    """Tell whether a pod's own requirements admit no more than the wanted one does."""
    return any(
        each == wanted
        or (
            each.key == wanted.key
            and each.operator == wanted.operator == "In"
            and set(each.values or ()) <= set(wanted.values or ())
        )
        for each in own
    )


def _preferring(current: NodeAffinity, plan: ClassPlan) -> NodeAffinity:
    own = current.preferred_during_scheduling_ignored_during_execution or ()
    missing = tuple(each for each in plan.preferred if each not in own)
    if not missing:
        return current
    return replace(current, preferred_during_scheduling_ignored_during_execution=(*own, *missing))
