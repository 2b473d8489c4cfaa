"""The four CustomResourceDefinitions: names, columns, and the schema of the whole object."""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass

from webhook.core.names import API_GROUP, API_VERSION
from webhook.core.policy.crd import openapi, rules
from webhook.core.policy.crd.openapi import Object
from webhook.core.policy.documents import Document, GPUClass, GPUNode, GPUNodePool, GPUPolicy
from webhook.core.policy.schema import properties
from webhook.core.policy.status import (
    DEGRADED,
    READY,
    GPUClassStatus,
    GPUNodePoolStatus,
    GPUNodeStatus,
    GPUPolicyStatus,
    Status,
)

CATEGORY = "gpu-policies"
"""`kubectl get gpu-policies` lists all four kinds; a category named as a kind would hide it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """What `kubectl get` prints; those of `priority` 1 with `-o wide` alone."""

    name: str
    path: str
    type: str = "string"
    description: str
    priority: int = 0

    def render(self) -> Object:
        """Give it as the API server keeps it, which leaves a priority of 0 out."""
        rendered: Object = {
            "name": self.name,
            "type": self.type,
            "jsonPath": self.path,
            "description": self.description,
        }
        return {**rendered, "priority": self.priority} if self.priority else rendered


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """A kind as a resource of the API: its plural (a path), its short name, its status."""

    kind: type[Document]
    plural: str
    short: str
    status: type[Status]
    columns: tuple[Column, ...]


def _condition(kind: str, description: str, priority: int = 0) -> Column:
    path = f'.status.conditions[?(@.type=="{kind}")].status'
    return Column(name=kind, path=path, description=description, priority=priority)


_COMMON = (
    _condition(READY, "Whether it is in force as it stands"),
    _condition(DEGRADED, "Whether something is amiss; kubectl describe says what", priority=1),
    Column(
        name="Age", path=".metadata.creationTimestamp", type="date", description="Since it was made"
    ),
)
_CLASS_COLUMNS = (
    Column(name="Pools", path=".status.poolNames", description="Where its pods run"),
    Column(name="Placement", path=".spec.placement", description="On these pools only, or rather"),
    Column(name="Priority", path=".spec.priorityClassName", description="Its pods' PriorityClass"),
    Column(name="Nodes", path=".status.nodes", type="integer", description="Of all its pools"),
)
_GPU_COLUMNS = (
    Column(
        name="GPUs",
        path=".status.gpus.allocatable",
        type="integer",
        description="What is offered to pods",
    ),
    Column(
        name="Used", path=".status.gpus.allocated", type="integer", description="What pods ask for"
    ),
)
_POOL_COLUMNS = (
    Column(name="Nodes", path=".status.nodes", type="integer", description="How many it has"),
    *_GPU_COLUMNS,
)
_NODE_COLUMNS = (
    Column(name="Pool", path=".spec.pool", description="The GPUNodePool that it is of"),
    Column(name="Joined", path=".status.joined", type="boolean", description="Whether it is there"),
    *_GPU_COLUMNS,
)
_POLICY_COLUMNS = (
    Column(name="Mode", path=".spec.mode", description="How far it goes"),
    Column(name="Default", path=".spec.defaultClass", description="Of a pod that names no class"),
    Column(name="Revision", path=".status.revision", description="What is in force", priority=1),
)

RESOURCES: Mapping[str, Resource] = {
    each.plural: each
    for each in (
        Resource(
            kind=GPUClass,
            plural="gpuclasses",
            short="gpuc",
            status=GPUClassStatus,
            columns=_CLASS_COLUMNS,
        ),
        Resource(
            kind=GPUNode,
            plural="gpunodes",
            short="gpun",
            status=GPUNodeStatus,
            columns=_NODE_COLUMNS,
        ),
        Resource(
            kind=GPUNodePool,
            plural="gpunodepools",
            short="gpupool",
            status=GPUNodePoolStatus,
            columns=_POOL_COLUMNS,
        ),
        Resource(
            kind=GPUPolicy,
            plural="gpupolicies",
            short="gpupol",
            status=GPUPolicyStatus,
            columns=_POLICY_COLUMNS,
        ),
    )
}
"""Our kinds by plural. PriorityClass is Kubernetes' own."""


_WHOLE: Object = {"x-kubernetes-map-type": "atomic"}
"""Who applies a document owns its spec whole: what was added by hand is gone with the next sync.

Otherwise server-side apply merges lists and maps, and a namespace that somebody exempted by hand
would stay exempt whatever Git says.
"""


def render(resource: Resource) -> Object:
    """Give the CustomResourceDefinition of a kind."""
    kind = resource.kind.__name__
    names: Object = {
        "kind": kind,
        "listKind": f"{kind}List",
        "plural": resource.plural,
        "singular": kind.lower(),
        "shortNames": [resource.short],
        "categories": [CATEGORY],
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{resource.plural}.{API_GROUP}"},
        "spec": {
            "group": API_GROUP,
            "names": names,
            "scope": "Cluster",
            "versions": [_version(resource)],
        },
    }


def _version(resource: Resource) -> Object:
    return {
        "name": API_VERSION,
        "served": True,
        "storage": True,
        "subresources": {"status": {}},
        "additionalPrinterColumns": [each.render() for each in (*resource.columns, *_COMMON)],
        "schema": {"openAPIV3Schema": _schema(resource)},
    }


def _schema(resource: Resource) -> Object:
    kind = resource.kind
    name, *fields = properties(kind)
    if name.about.syntax is None:
        raise TypeError(f"the name of a {kind.__name__} has no syntax")
    spec = openapi.of_fields(fields, rules.RULES.get((kind, ""), ()), kind)
    # Without a spec, as in a file, all fields have their defaults, if they have one.
    required: Object = {"required": ["spec"]} if "required" in spec else {}
    name_limits: Object = {"type": "string", "maxLength": name.about.syntax.max_length}
    return {
        "description": inspect.getdoc(kind),
        "type": "object",
        **required,
        "properties": {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": {"type": "object", "properties": {"name": name_limits}},
            "spec": {"description": "What its author wants.", **spec, **_WHOLE},
            "status": {
                "description": inspect.getdoc(resource.status),
                **openapi.of_record(resource.status),
            },
        },
        "x-kubernetes-validations": [rules.name(name.about.syntax).render()],
    }
