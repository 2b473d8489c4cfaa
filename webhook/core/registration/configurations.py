"""The two webhook configurations, as a pure function of the policy.

Fail closed is harmless here because conditions keep everything else inside the API server: while
nobody answers, pods that concern GPUs wait, and so do writes that bring a class to a workload. A
policy that refuses nothing (no rule in mode Enforce) fails open: nor may an outage of it. Documents
of our own kinds fail open too: what is broken while nobody answers must be mendable.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from webhook.core.names import API_GROUP, API_VERSION, NAMESPACE
from webhook.core.patch import JSON
from webhook.core.policy import crd
from webhook.core.policy.documents import NODE_RULE, Mode
from webhook.core.policy.policy import Policy
from webhook.core.registration import nodes, pods, templates, workloads
from webhook.core.registration.cel import LONGEST, all_of, grouped
from webhook.core.registration.pods import Conditions
from webhook.core.workload import KINDS, WorkloadKind

Object: TypeAlias = dict[str, JSON]

NAME = "gpuclass"
"""Of both configurations, of the Service and of the Deployment."""
PODS = f"pods.{API_GROUP}"
WORKLOADS = f"workloads.{API_GROUP}"
BINDINGS = f"bindings.{API_GROUP}"
"""Of pods to nodes: a kind of its own, on which conditions for pods would fail."""
NODES = f"nodes.{API_GROUP}"
"""That register, left out where the policy claims none by name; and our record of one, written."""
WARNINGS = f"warnings.{API_GROUP}"
CUSTOM_WORKLOADS = f"custom-workloads.{API_GROUP}"
CUSTOM_WARNINGS = f"custom-warnings.{API_GROUP}"
"""Kinds that the policy lists have entries of their own: a mistake there hurts no other kind."""
POLICIES = f"policies.{API_GROUP}"

ENTRIES: Mapping[str, tuple[str, ...]] = {
    "MutatingWebhookConfiguration": (PODS, WORKLOADS, CUSTOM_WORKLOADS, NODES),
    "ValidatingWebhookConfiguration": (
        PODS,
        BINDINGS,
        WARNINGS,
        CUSTOM_WARNINGS,
        NODES,
        POLICIES,
    ),
}
"""The entries of each configuration: who writes a caBundle has to name them.

Those of custom kinds are left out where the policy lists none.
"""

MUTATE_PATH = "/mutate"
VALIDATE_PATH = "/validate"
SERVICE_PORT = 443
SERVE_PORT = 8443
"""Of the process: the Service leads port 443 to it."""
METRICS_PORT = 8080

TIMEOUT_SECONDS = 5
WARNING_SECONDS = 2
"""Nobody shall wait long for a mere warning."""

WHOLE = "all-of-these"
"""The condition that is all of an entry."""

_NAMESPACE_NAME = "kubernetes.io/metadata.name"
"""Set by the API server on every namespace, whatever its author writes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """Where the API server reaches the server."""

    namespace: str = NAMESPACE
    name: str = NAME
    port: int = SERVICE_PORT

    @property
    def hosts(self) -> tuple[str, ...]:
        """Give the names it is served by: what the API server calls it comes first."""
        short = f"{self.name}.{self.namespace}"
        return (f"{short}.svc", f"{short}.svc.cluster.local", short)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Site:
    """What all entries share."""

    service: Service
    ca_bundle: str | None
    namespaces: tuple[str, ...]
    failure_policy: str


def render(
    policy: Policy, *, ca_bundle: str | None = None, service: Service | None = None
) -> tuple[Object, Object]:
    """Give the MutatingWebhookConfiguration and the ValidatingWebhookConfiguration of a policy.

    `ca_bundle` is base64 of PEM. Without it the field is absent, never empty: so another field
    manager may own it, and applying the configuration again wipes nothing.
    """
    where = service or Service()
    namespaces = tuple(sorted({*policy.exempt.namespaces, where.namespace}))
    site = _Site(
        service=where,
        ca_bundle=ca_bundle,
        namespaces=namespaces,
        failure_policy="Fail" if policy.is_enforcing else "Ignore",
    )
    rules = _workload_rules(KINDS)
    mutating = [
        _mutating(PODS, _pod_rules("CREATE", "UPDATE"), pods.mutated(policy), site),
        _mutating(WORKLOADS, rules, workloads.mutated(policy, KINDS), site),
    ]
    conditions = workloads.warned_with_pods(policy)
    validating = [
        _validating(PODS, _pod_rules("CREATE", "UPDATE"), pods.validated(policy), site),
        _validating(BINDINGS, _binding_rules(), pods.bound(policy), site),
        _warning(WARNINGS, _pod_rules("CREATE") + rules, conditions, site),
    ]
    listed = tuple(policy.workloads.values())
    if listed:
        rules, conditions = _workload_rules(listed), workloads.mutated(policy, listed)
        mutating += [_mutating(CUSTOM_WORKLOADS, rules, conditions, site)]
        conditions = workloads.warned(policy, listed)
        validating += [_warning(CUSTOM_WARNINGS, rules, conditions, site)]
    if NODE_RULE in policy.writing:
        mutating += _nodes(policy, site)
        validating += [_records(policy, site)]
    validating += [_documents(site)]
    return (
        _configuration("MutatingWebhookConfiguration", mutating),
        _configuration("ValidatingWebhookConfiguration", validating),
    )


def _configuration(kind: str, webhooks: Iterable[Object]) -> Object:
    labels: Object = {
        "app.kubernetes.io/name": NAME,
        "app.kubernetes.io/component": "admission",
        "app.kubernetes.io/part-of": NAME,
    }
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": kind,
        "metadata": {"name": NAME, "labels": labels},
        "webhooks": list(webhooks),
    }


def _mutating(name: str, rules: list[JSON], conditions: Conditions, site: _Site) -> Object:
    """IfNeeded: a webhook after ours may add what a class has to answer."""
    entry = _entry(name, MUTATE_PATH, rules, conditions, site)
    return {**entry, "reinvocationPolicy": "IfNeeded"}


def _validating(name: str, rules: list[JSON], conditions: Conditions, site: _Site) -> Object:
    return _entry(name, VALIDATE_PATH, rules, conditions, site)


def _warning(name: str, rules: list[JSON], conditions: Conditions, site: _Site) -> Object:
    """Give an entry that never refuses: not asked in time, nothing is said."""
    entry = _entry(name, VALIDATE_PATH, rules, conditions, site)
    return {**entry, "failurePolicy": "Ignore", "timeoutSeconds": WARNING_SECONDS}


def _nodes(policy: Policy, site: _Site) -> list[Object]:
    """Give the entry of nodes that register, where a pool claims some by name.

    Fail closed for those alone: a node that came without its taint would be open.
    """
    conditions = nodes.registered(policy)
    rules: list[JSON] = [_cluster_rule("", "v1", ["CREATE"], ["nodes"])]
    entry = _mutating(NODES, rules, conditions, site)
    return [_of_nodes(entry, policy)] if conditions else []


def _records(policy: Policy, site: _Site) -> Object:
    """Give the entry of kubelets that write our record of their node, by either way there is."""
    rules: list[JSON] = [
        _cluster_rule("", "v1", ["CREATE", "UPDATE"], ["nodes"]),
        _cluster_rule("", "v1", ["UPDATE"], ["nodes/status"]),
    ]
    return _of_nodes(_validating(NODES, rules, nodes.recorded(policy), site), policy)


def _of_nodes(entry: Object, policy: Policy) -> Object:
    """Give an entry as it is for what lies in no namespace."""
    is_enforced = policy.modes[NODE_RULE] is Mode.ENFORCE
    found: Object = {**entry, "failurePolicy": "Fail" if is_enforced else "Ignore"}
    del found["namespaceSelector"]
    return found


def _documents(site: _Site) -> Object:
    """Give the entry of our own kinds, which no namespace and no exemption concerns."""
    operations = ("CREATE", "UPDATE", "DELETE")
    rule = _cluster_rule(API_GROUP, API_VERSION, operations, crd.RESOURCES)
    is_new = "request.operation != 'UPDATE' || object.?spec != oldObject.?spec"
    entry = _entry(POLICIES, VALIDATE_PATH, [rule], {"new-changed-or-deleted": is_new}, site)
    del entry["namespaceSelector"]
    return {**entry, "failurePolicy": "Ignore"}


def _entry(name: str, path: str, rules: list[JSON], conditions: Conditions, site: _Site) -> Object:
    """Give what all entries have; matchPolicy Equivalent sees every version of a kind."""
    return {
        "name": name,
        "admissionReviewVersions": ["v1"],
        "clientConfig": _client(path, site),
        "rules": rules,
        "namespaceSelector": _selector(site.namespaces),
        "matchConditions": match_conditions(conditions),
        "matchPolicy": "Equivalent",
        "failurePolicy": site.failure_policy,
        "sideEffects": "None",
        "timeoutSeconds": TIMEOUT_SECONDS,
    }


def _client(path: str, site: _Site) -> Object:
    service: Object = {
        "namespace": site.service.namespace,
        "name": site.service.name,
        "path": path,
        "port": site.service.port,
    }
    return {"service": service} | ({"caBundle": site.ca_bundle} if site.ca_bundle else {})


def _selector(excluded: Iterable[str]) -> Object:
    expression: Object = {"key": _NAMESPACE_NAME, "operator": "NotIn", "values": list(excluded)}
    return {"matchExpressions": [expression]}


def match_conditions(conditions: Conditions) -> list[JSON]:
    """Give one condition of all, whose names are comments, unless it is too long.

    An API server evaluates every condition of an entry, but of a conjunction only what it needs;
    either way one that is false wins over one that fails.
    """
    whole = all_of(*(f"// {name}\n{grouped(each)}" for name, each in conditions.items()))
    if len(conditions) > 1 and len(whole) <= LONGEST:
        conditions = {WHOLE: whole}
    return [{"name": name, "expression": each} for name, each in conditions.items()]


def _pod_rules(*operations: str) -> list[JSON]:
    return [_rule("", ["pods"], operations)]


def _binding_rules() -> list[JSON]:
    """Give both ways to bind: the subresource of a pod, and the older resource."""
    return [_rule("", ["pods/binding", "bindings"], ["CREATE"])]


def _workload_rules(kinds: Iterable[WorkloadKind]) -> list[JSON]:
    """Give a rule for each API group; subresources (scale, status) are not in it.

    One whose kinds are not installed does nothing.
    """
    return [
        _rule(group, resources, ("CREATE", "UPDATE"), versions)
        for group, versions, resources in templates.groups(kinds)
    ]


def _cluster_rule(
    group: str, version: str, operations: Iterable[str], resources: Iterable[str]
) -> Object:
    """Give a rule of what lies in no namespace."""
    return {
        "apiGroups": [group],
        "apiVersions": [version],
        "operations": list(operations),
        "resources": list(resources),
        "scope": "Cluster",
    }


def _rule(
    group: str,
    resources: Iterable[str],
    operations: Iterable[str],
    versions: Iterable[str] = ("v1",),
) -> Object:
    return {
        "apiGroups": [group],
        "apiVersions": list(versions),
        "operations": list(operations),
        "resources": list(resources),
        "scope": "Namespaced",
    }
