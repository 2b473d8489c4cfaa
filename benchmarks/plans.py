"""The compiled policy as the JSON that the Go server reads: one policy for both sides."""

import msgspec

from webhook.core.policy.plan import ClassPlan, labels_of
from webhook.core.policy.policy import Policy


def export(policy: Policy) -> bytes:
    """Write a policy as `benchmarks/go/webhook` reads it."""
    return msgspec.json.encode(
        {
            "revision": policy.revision,
            "defaultClass": policy.default_class or "",
            "gpuResources": [*policy.resources.names, *policy.resources.device_classes],
            "gpuGlobs": policy.resources.globs,
            "exemptNamespaces": sorted(policy.exempt.namespaces),
            "globalDefault": policy.global_default or "",
            "labelKeys": sorted(policy.labels),
            "classes": {name: _class(plan) for name, plan in policy.classes.items()},
        }
    )


def _class(plan: ClassPlan) -> dict[str, object]:
    target = plan.priority
    priority = target and {
        "name": target.name,
        "value": target.value,
        "preemptionPolicy": target.preemption_policy,
    }
    return {
        "name": plan.name,
        "alternatives": plan.alternatives,
        "preferred": plan.preferred,
        "taints": [
            {"key": taint.key, "value": taint.value, "effect": taint.effect.value}
            for taint in plan.taints
        ],
        "tolerations": plan.tolerations,
        "affinity": plan.affinity,
        "priority": priority,
        "allowedPriorityClassNames": sorted(plan.allowed_priority_class_names),
        "allowedNamespaces": plan.allowed_namespaces,
        "poolLabels": [dict(labels_of(pool)) for pool in plan.pools],
    }
