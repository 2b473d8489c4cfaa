"""Objects with one fault each: what our decoder and checks say, and what the API server says.

`ours` is the path and message of the fault, whole. `theirs` is a part of the API server's refusal;
None where one object alone can not know better, so that only the validating webhook refuses it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import pytest

from webhook.core.names import API_GROUP, API_VERSION

Json: TypeAlias = dict[str, Any]

LONG_DOMAIN = f"{'a.' * 126}ab"
"""Of 254 characters, one more than a domain has."""

_LABEL = 'at most 63 of a-z, 0-9 and "-", a letter or digit at both ends'
_SUBDOMAIN = 'at most 253 of a-z, 0-9, "-" and ".", a letter or digit at both ends of each part'
_KEY = 'at most 63 of letters, digits, "-", "_" and ".", after a DNS domain and "/" or none'
_VALUE = 'empty, or at most 63 of letters, digits, "-", "_" and ".", alphanumeric at both ends'
_MATCH = "in body should match '^"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bad:
    """An object with a fault, and what is said of it."""

    document: Json
    ours: tuple[str, str]
    theirs: str | None


def pool(name: str = "p", **spec: object) -> Json:
    """Give a GPUNodePool; sound but for what `spec` says."""
    taint = {"key": "gpu-type", "value": name, "effect": "NoSchedule"}
    return _object("GPUNodePool", name, {"selector": {"gpu-type": name}, "taints": [taint], **spec})


def node(name: str = "n", **spec: object) -> Json:
    """Give a GPUNode of pool `p`; sound but for what `spec` says."""
    return _object("GPUNode", name, {"pool": "p", **spec})


def gpu_class(name: str = "c", **spec: object) -> Json:
    """Give a GPUClass of pool `p`; sound but for what `spec` says."""
    return _object("GPUClass", name, {"pools": [{"name": "p"}], **spec})


def policy(name: str = "cluster", **spec: object) -> Json:
    """Give a GPUPolicy with default class `c`; sound but for what `spec` says."""
    return _object("GPUPolicy", name, {"defaultClass": "c", **spec})


def _object(kind: str, name: str, spec: Mapping[str, object]) -> Json:
    return {
        "apiVersion": f"{API_GROUP}/{API_VERSION}",
        "kind": kind,
        "metadata": {"name": name},
        "spec": dict(spec),
    }


def sound() -> tuple[Json, ...]:
    """Give one object of each kind, without a fault."""
    return pool(), node(), gpu_class(), policy()


def _taint(**fields: object) -> Json:
    return {"key": "a", "effect": "NoSchedule", **fields}


def _exempt(**lists: object) -> Json:
    return policy(exempt=lists)


def _workload(**fields: object) -> Json:
    return {"group": "a.io", "kind": "Thing", "templates": [{"path": "spec.template"}], **fields}


def _templates(**fields: object) -> Json:
    return policy(workloads=[_workload(templates=[fields])])


TABLE: Mapping[str, Bad] = {
    "a name in capitals": Bad(
        document=gpu_class("Training"),
        ours=("metadata.name", f"Training is no DNS label: {_LABEL}"),
        theirs="metadata.name",
    ),
    "a name with a dot": Bad(
        document=gpu_class("team.a"),
        ours=("metadata.name", f"team.a is no DNS label: {_LABEL}"),
        theirs=f"team.a is no DNS label: {_LABEL}",
    ),
    "a second policy": Bad(
        document=policy("other"),
        ours=(
            "metadata.name",
            "other is no name of a GPUPolicy: a cluster has one, named cluster",
        ),
        theirs="other is no name of a GPUPolicy: a cluster has one, named cluster",
    ),
    "no spec": Bad(
        document={key: value for key, value in gpu_class().items() if key != "spec"},
        ours=("spec.pools", "missing; required: the pools that its pods run on"),
        theirs="spec: Required value",
    ),
    "no pools": Bad(
        document=gpu_class(pools=[]),
        ours=("spec.pools", "empty; required: the pools that its pods run on"),
        theirs="spec.pools in body should have at least 1 items",
    ),
    "pools as a word": Bad(
        document=gpu_class(pools="p"),
        ours=("spec.pools", "p is not a list: write [p]"),
        theirs="spec.pools in body must be of type array",
    ),
    "a pool as a word": Bad(
        document=gpu_class(pools=["p"]),
        ours=("spec.pools[0]", "p is not a mapping of fields"),
        theirs="spec.pools",
    ),
    "a pool without a name": Bad(
        document=gpu_class(pools=[{"weight": 1}]),
        ours=("spec.pools[0].name", "missing; required: the GPUNodePool's name"),
        theirs="spec.pools[0].name: Required value",
    ),
    "a pool twice": Bad(
        document=gpu_class(pools=[{"name": "p"}, {"name": "p", "weight": 1}]),
        ours=("spec.pools[1]", "name p is listed twice, first at spec.pools[0]: keep one"),
        theirs="spec.pools[1]: Duplicate value",
    ),
    "a weight of 0": Bad(
        document=gpu_class(pools=[{"name": "p", "weight": 0}]),
        ours=("spec.pools[0].weight", "0 is not in 1..100"),
        theirs="spec.pools[0].weight in body should be greater than or equal to 1",
    ),
    "a weight of 101": Bad(
        document=gpu_class(pools=[{"name": "p", "weight": 101}]),
        ours=("spec.pools[0].weight", "101 is not in 1..100"),
        theirs="spec.pools[0].weight in body should be less than or equal to 100",
    ),
    "a weight as text": Bad(
        document=gpu_class(pools=[{"name": "p", "weight": "1"}]),
        ours=("spec.pools[0].weight", "1 is not a whole number"),
        theirs="spec.pools[0].weight in body must be of type integer",
    ),
    "an unknown placement": Bad(
        document=gpu_class(placement="required"),
        ours=(
            "spec.placement",
            "required is not accepted; known: Preferred, Required; did you mean Required?",
        ),
        theirs='spec.placement: Unsupported value: "required"',
    ),
    "an unknown field": Bad(
        document=gpu_class(placment="Required"),
        ours=("spec.placment", "unknown field; did you mean placement?"),
        theirs='unknown field "spec.placment"',
    ),
    "a PriorityClass of the system": Bad(
        document=gpu_class(priorityClassName="system-node-critical"),
        ours=(
            "spec.priorityClassName",
            "system-node-critical is for Kubernetes' own pods: choose another",
        ),
        theirs="system-node-critical is for Kubernetes' own pods: choose another",
    ),
    "a PriorityClass of the system to choose": Bad(
        document=gpu_class(allowedPriorityClassNames=["system-node-critical"]),
        ours=(
            "spec.allowedPriorityClassNames[0]",
            "system-node-critical is for Kubernetes' own pods: choose another",
        ),
        theirs="system-node-critical is for Kubernetes' own pods: choose another",
    ),
    "a namespace twice": Bad(
        document=gpu_class(allowedNamespaces=["team-*", "team-*"]),
        ours=(
            "spec.allowedNamespaces[1]",
            "team-* is listed twice, first at spec.allowedNamespaces[0]: keep one",
        ),
        theirs='spec.allowedNamespaces[1]: Duplicate value: "team-*"',
    ),
    "a glob that is none": Bad(
        document=gpu_class(allowedNamespaces=["team-?"]),
        ours=(
            "spec.allowedNamespaces[0]",
            'team-? is no glob of namespaces: a namespace, in which "*" stands for any'
            " characters, such as team-*",
        ),
        theirs=f"spec.allowedNamespaces[0] {_MATCH}",
    ),
    "too many namespaces": Bad(
        document=gpu_class(allowedNamespaces=[f"team-{i}" for i in range(257)]),
        ours=("spec.allowedNamespaces", "257 items; at most 256: shorten it"),
        theirs="spec.allowedNamespaces: Too many: 257: must have at most 256 items",
    ),
    "an unknown pool": Bad(
        document=gpu_class(pools=[{"name": "q"}]),
        ours=("spec.pools[0].name", "there is no GPUNodePool q; known: p"),
        theirs=None,
    ),
    "a node of an unknown pool": Bad(
        document=node(pool="q"),
        ours=("spec.pool", "there is no GPUNodePool q; known: p"),
        theirs=None,
    ),
    "a node without a pool": Bad(
        document={**node(), "spec": {}},
        ours=("spec.pool", "missing; required: the GPUNodePool that the node is of"),
        theirs="spec.pool: Required value",
    ),
    "a node with a name in capitals": Bad(
        document=node("GPU-1"),
        ours=("metadata.name", f"GPU-1 is no DNS subdomain: {_SUBDOMAIN}"),
        theirs="metadata.name",
    ),
    "no selector": Bad(
        document=pool(selector={}),
        ours=(
            "spec.selector",
            "empty; required: the labels that identify its nodes; injected affinity requires these",
        ),
        theirs="spec.selector in body should have at least 1 properties",
    ),
    "a label value that is a bool": Bad(
        document=pool(selector={"nvidia.com/gpu.present": True}),
        ours=(
            'spec.selector["nvidia.com/gpu.present"]',
            'true is not text: quote it: "true"',
        ),
        theirs="spec.selector.nvidia.com/gpu.present in body must be of type string",
    ),
    "a label key that is none": Bad(
        document=pool(selector={"gpu type": "x"}),
        ours=('spec.selector["gpu type"]', f'"gpu type" is no key: {_KEY}'),
        theirs=f"gpu type is no key: {_KEY}",
    ),
    "a label key with a long domain": Bad(
        document=pool(labels={f"{LONG_DOMAIN}/x": "x"}),
        ours=(
            f'spec.labels["{LONG_DOMAIN[:77]}..."]',
            f'"{LONG_DOMAIN[:77]}..." is no key: {_KEY}',
        ),
        theirs=f"{LONG_DOMAIN}/x is no key: {_KEY}",
    ),
    "a label value that is none": Bad(
        document=pool(labels={"a": "-"}),
        ours=("spec.labels.a", f"- is no label value: {_VALUE}"),
        theirs=f"spec.labels.a {_MATCH}",
    ),
    "a label that contradicts the selector": Bad(
        document=pool(labels={"gpu-type": "other"}),
        ours=(
            'spec.labels["gpu-type"]',
            "other contradicts p in spec.selector: remove one",
        ),
        theirs="spec.labels: Invalid value: gpu-type contradicts spec.selector: remove one",
    ),
    "a taint without an effect": Bad(
        document=pool(taints=[{"key": "a"}]),
        ours=(
            "spec.taints[0].effect",
            "missing; required: what the taint does to pods that do not tolerate it",
        ),
        theirs="spec.taints[0].effect: Required value",
    ),
    "an unknown effect": Bad(
        document=pool(taints=[_taint(effect="NoScedule")]),
        ours=(
            "spec.taints[0].effect",
            "NoScedule is not accepted; known: NoExecute, NoSchedule, PreferNoSchedule;"
            " did you mean NoSchedule?",
        ),
        theirs='spec.taints[0].effect: Unsupported value: "NoScedule"',
    ),
    "a taint twice": Bad(
        document=pool(taints=[_taint(), _taint(value="x")]),
        ours=(
            "spec.taints[1]",
            "key a, effect NoSchedule is listed twice, first at spec.taints[0]: keep one",
        ),
        theirs="spec.taints[1]: Duplicate value",
    ),
    "a taint key with a long domain": Bad(
        document=pool(taints=[_taint(key=f"{LONG_DOMAIN}/x")]),
        ours=("spec.taints[0].key", f'"{LONG_DOMAIN[:77]}..." is no key: {_KEY}'),
        theirs=f"{LONG_DOMAIN}/x is no key: {_KEY}",
    ),
    "tolerate as text": Bad(
        document=pool(taints=[_taint(tolerate="no")]),
        ours=("spec.taints[0].tolerate", "no is not true or false, unquoted"),
        theirs="spec.taints[0].tolerate in body must be of type boolean",
    ),
    "a resource without a domain": Bad(
        document=pool(resources=["gpu"]),
        ours=(
            "spec.resources[0]",
            'gpu is no extended resource name: a DNS domain, "/" and a name, such as'
            " nvidia.com/gpu or nvidia.com/mig-*",
        ),
        theirs=f"spec.resources[0] {_MATCH}",
    ),
    "a claim to every node": Bad(
        document=pool(claims={"names": ["**"]}),
        ours=(
            "spec.claims.names[0]",
            "** claims every node of the cluster: name those of the pool",
        ),
        theirs="** claims every node of the cluster: name those of the pool",
    ),
    "an unknown mode": Bad(
        document=policy(mode="On"),
        ours=("spec.mode", "On is not accepted; known: Audit, Enforce, Off, Warn"),
        theirs='spec.mode: Unsupported value: "On"',
    ),
    "a mode that was read as a bool": Bad(
        document=policy(mode=False),
        ours=("spec.mode", "false is not accepted; known: Audit, Enforce, Off, Warn"),
        theirs="spec.mode in body must be of type string",
    ),
    "an unknown rule": Bad(
        document=policy(rules={"toleration": "Warn"}),
        ours=(
            "spec.rules.toleration",
            "unknown; known: binding, claim, class, contradiction, cpu-target, member, node-marks, "
            "node-name, offer, placement, priority, priority-borrowed, requests, restore, "
            "rollout, runtime, steering, tolerations, workload; did you mean tolerations?",
        ),
        theirs="toleration is unknown; known: binding, claim, class, contradiction",
    ),
    "no GPU at all": Bad(
        document=policy(gpuResources=[], deviceClasses=[]),
        ours=(
            "spec.gpuResources",
            "empty, and spec.deviceClasses too: no pod would be a GPU pod; name one",
        ),
        theirs="empty, and spec.deviceClasses too: no pod would be a GPU pod; name one",
    ),
    "no scheduler": Bad(
        document=policy(schedulers=[]),
        ours=("spec.schedulers", "empty; required: users that may bind pods to GPU nodes"),
        theirs="spec.schedulers in body should have at least 1 items",
    ),
    "every namespace exempt": Bad(
        document=_exempt(namespaces=["*"]),
        ours=("spec.exempt.namespaces[0]", f"* is no DNS label: {_LABEL}"),
        theirs=f"spec.exempt.namespaces[0] {_MATCH}",
    ),
    "every user exempt": Bad(
        document=_exempt(users=["*"]),
        ours=("spec.exempt.users[0]", "* is a glob: name each of the users exactly"),
        theirs="* is a glob: name each of the users exactly",
    ),
    "every group exempt": Bad(
        document=_exempt(groups=["*"]),
        ours=("spec.exempt.groups[0]", "* is a glob: name each of the groups exactly"),
        theirs="* is a glob: name each of the groups exactly",
    ),
    "a creator of everybody's pods exempt": Bad(
        document=_exempt(users=["system:serviceaccount:kube-system:job-controller"]),
        ours=(
            "spec.exempt.users[0]",
            "system:serviceaccount:kube-system:job-controller creates everybody's pods:"
            " exempt namespaces instead",
        ),
        theirs="creates everybody's pods: exempt namespaces instead",
    ),
    "everybody's group exempt": Bad(
        document=_exempt(groups=["system:authenticated"]),
        ours=(
            "spec.exempt.groups[0]",
            "system:authenticated lets in everybody's pods: name users or namespaces instead",
        ),
        theirs="system:authenticated lets in everybody's pods: name users or namespaces instead",
    ),
    "a kind without templates": Bad(
        document=policy(workloads=[_workload(templates=[])]),
        ours=("spec.workloads[0].templates", "empty; required: where its pod templates lie"),
        theirs="spec.workloads[0].templates in body should have at least 1 items",
    ),
    "a kind twice": Bad(
        document=policy(workloads=[_workload(), _workload(update="Never")]),
        ours=(
            "spec.workloads[1]",
            "group a.io, kind Thing is listed twice, first at spec.workloads[0]: keep one",
        ),
        theirs="spec.workloads[1]: Duplicate value",
    ),
    "a kind of Kubernetes": Bad(
        document=policy(workloads=[_workload(group="apps", kind="Deployment")]),
        ours=(
            "spec.workloads[0].kind",
            "Deployment of apps is built in, not described by policies: remove it",
        ),
        theirs="Deployment of apps is built in, not described by policies: remove it",
    ),
    "a kind of ours": Bad(
        document=policy(workloads=[_workload(group=API_GROUP)]),
        ours=("spec.workloads[0].group", "kinds of gpuclass.io make no pods: remove it"),
        theirs="kinds of gpuclass.io make no pods: remove it",
    ),
    "a suspension of many fields": Bad(
        document=policy(workloads=[_workload(suspend="spec.a[*].b")]),
        ours=(
            "spec.workloads[0].suspend",
            "spec.a[*].b is many fields: one field suspends a workload",
        ),
        theirs="spec.a[*].b is many fields: one field suspends a workload",
    ),
    "annotations of other items": Bad(
        document=_templates(path="spec.a[*].b", annotations="spec.c[*].d"),
        ours=(
            "spec.workloads[0].templates[0].annotations",
            "spec.c[*].d has a [*] that spec.a[*].b has not: up to its last [*] it has to be"
            " the same as path",
        ),
        theirs="spec.c[*].d has a [*] that spec.a[*].b has not",
    ),
    "a pod spec of other items": Bad(
        document=_templates(path="spec.a", spec="spec.a[*]"),
        ours=(
            "spec.workloads[0].templates[0].spec",
            "spec.a[*] has a [*] that spec.a has not: up to its last [*] it has to be"
            " the same as path",
        ),
        theirs="spec.a[*] has a [*] that spec.a has not",
    ),
    "a path that is none": Bad(
        document=_templates(path="spec.a[0]"),
        ours=(
            "spec.workloads[0].templates[0].path",
            'spec.a[0] is no path of fields: names joined by ".", each with "[*]" after it where'
            ' it holds many, such as spec.tasks[*].template, or "[name=x]" for one of them',
        ),
        theirs=f"spec.workloads[0].templates[0].path {_MATCH}",
    ),
    "an unknown default class": Bad(
        document=policy(defaultClass="d"),
        ours=("spec.defaultClass", "there is no GPUClass d; known: c"),
        theirs=None,
    ),
}

EVERY = [pytest.param(bad, id=name) for name, bad in TABLE.items()]
