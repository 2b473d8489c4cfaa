"""Rule `class`: which class a GPU pod gets.

The pod's annotation `gpu-class` names it, else that of its namespace, else GPUPolicy
`spec.defaultClass`. A class that does not exist, or that the pod's namespace may not use, is a
refusal that names what exists.

    metadata: {annotations: {gpu-class: training}}     # class training, from the annotation
    metadata: {annotations: {gpu-class: trainng}}      # refused: did you mean training?
    metadata: {}                                       # the namespace's class, else the default
"""

import msgspec

from webhook.core.decision import Violation
from webhook.core.names import CLASS_ANNOTATION
from webhook.core.policy.globs import is_any_match
from webhook.core.policy.nearest import listing, nearest
from webhook.core.policy.plan import ClassPlan
from webhook.core.policy.policy import Policy

NAME = "class"

ANNOTATION_PATH = f'metadata.annotations["{CLASS_ANNOTATION}"]'
NAMESPACE_PATH = "metadata.namespace"


class Found(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The class of a pod, and where it was named."""

    plan: ClassPlan
    reason: str


def find(
    named: str | None, namespace: str, policy: Policy, injected: str | None = None
) -> Found | Violation:
    """Find the class of a pod in `namespace` whose annotation says `named` (None: it has none).

    `injected` is the class that the pod was given a moment ago, where it is judged afterwards: the
    namespace's annotation may have changed meanwhile. It need not be believed, since any class that
    it may name could be named by the annotation.
    """
    if named is not None:
        return judge(named, namespace, policy) or Found(
            plan=policy.classes[named],
            reason=f"class {named}, from its annotation {CLASS_ANNOTATION}",
        )
    if injected is not None and judge(injected, namespace, policy) is None:
        return Found(plan=policy.classes[injected], reason=f"class {injected}, injected before")
    of_namespace = policy.cluster.annotation(namespace, CLASS_ANNOTATION)
    if of_namespace is not None:
        return _of_namespace(of_namespace, namespace, policy)
    default = policy.default_class
    if default is None:
        return Violation(rule=NAME, path="metadata.annotations", message=_unnamed(policy))
    return _forbidden(policy.classes[default], namespace) or Found(
        plan=policy.classes[default], reason=f"class {default}, the policy's default"
    )


def judge(named: str, namespace: str, policy: Policy) -> Violation | None:
    """Refuse a class that does not exist or that `namespace` may not use; else None."""
    plan = policy.classes.get(named)
    if plan is None:
        return Violation(rule=NAME, path=ANNOTATION_PATH, message=unknown(named, policy))
    return _forbidden(plan, namespace)


def _of_namespace(named: str, namespace: str, policy: Policy) -> Found | Violation:
    refused = judge(named, namespace, policy)
    if refused is None:
        return Found(
            plan=policy.classes[named],
            reason=f"class {named}, from the annotation {CLASS_ANNOTATION} of its namespace",
        )
    return Violation(
        rule=NAME,
        path=NAMESPACE_PATH,
        message=f"namespace {namespace} is annotated {CLASS_ANNOTATION}={named}, but "
        f"{refused.message}",
    )


def unknown(named: str, policy: Policy) -> str:
    """Say that there is no such class, which is nearest, and which exist."""
    near = nearest(named, policy.classes)
    guess = f"; did you mean {near}?" if near else "."
    return f'there is no class "{named}"{guess} Classes: {_listed(policy)}'


def _unnamed(policy: Policy) -> str:
    return (
        f"the pod asks for a GPU and names no class, and the policy has no defaultClass; "
        f"annotate it {CLASS_ANNOTATION}=<class>. Classes: {_listed(policy)}"
    )


def _listed(policy: Policy) -> str:
    return listing(policy.classes) or "none"


def _forbidden(plan: ClassPlan, namespace: str) -> Violation | None:
    if is_any_match(plan.allowed_namespaces, namespace):
        return None
    allowed = ", ".join(plan.allowed_namespaces) or "none"
    return Violation(
        rule=NAME,
        path=ANNOTATION_PATH,
        message=f"class {plan.name} is not for namespace {namespace}; "
        f"its allowedNamespaces: {allowed}. Name another class, or have the namespace added",
    )
