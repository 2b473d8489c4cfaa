"""Custom kinds: small CRDs, and objects of each.

A schema has what decides whether an annotation is kept and whether a template may change, as the
makers' own has it (controller-gen with embedded object metadata); what else a pod spec may hold is
left open.
"""

import json
from dataclasses import dataclass

from tests.cluster.api import Json
from tests.cluster.controlplane import ControlPlane
from tests.cluster.governed.manifests import pod_spec
from tests.cluster.waiting import eventually

TEXTS: Json = {
    "type": "object",
    "maxProperties": 16,
    "additionalProperties": {"type": "string", "maxLength": 256},
}
OPEN: Json = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
METADATA: Json = {
    "type": "object",
    "nullable": True,
    "properties": {
        "name": {"type": "string", "maxLength": 63},
        "labels": TEXTS,
        "annotations": {**TEXTS, "nullable": True},
    },
}
TEMPLATE: Json = {"type": "object", "properties": {"metadata": METADATA, "spec": OPEN}}


def fields(**properties: Json) -> Json:
    """Give the schema of an object of some fields."""
    return {"type": "object", "properties": properties}


def items(schema: Json) -> Json:
    """Give the schema of a list."""
    return {"type": "array", "maxItems": 8, "items": schema}


def entries(schema: Json) -> Json:
    """Give the schema of a map."""
    return {"type": "object", "additionalProperties": schema}


UNAPPROVED: Json = {"api-approved.kubernetes.io": "unapproved, of a test"}
"""Groups under k8s.io have to say so."""

CPU: Json = {"spec": pod_spec(None)}
GPU: Json = {"spec": pod_spec(1)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Custom:
    """A kind, the schema of its spec, an object's spec whose templates may change, and where.

    `cpu` and `gpu` are the templates of its pods by path; a path is dotted, with indices.
    """

    group: str
    kind: str
    schema: Json
    spec: Json
    annotations: tuple[str, ...]
    version: str = "v1"
    rules: tuple[str, ...] = ()
    cpu: str = ""
    gpu: str = ""
    is_mixed: bool = True

    @property
    def plural(self) -> str:
        """The name of its resource."""
        return f"{self.kind.lower()}s"

    @property
    def resource(self) -> str:
        """What kubectl calls it."""
        return f"{self.plural}.{self.group}"

    def crd(self) -> Json:
        """Give the CustomResourceDefinition."""
        validations = [{"rule": rule, "message": "field is immutable"} for rule in self.rules]
        spec = {**self.schema, **({"x-kubernetes-validations": validations} if validations else {})}
        return {
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": self.resource, "annotations": UNAPPROVED},
            "spec": {
                "group": self.group,
                "scope": "Namespaced",
                "names": {"kind": self.kind, "plural": self.plural},
                "versions": [
                    {
                        "name": self.version,
                        "served": True,
                        "storage": True,
                        "schema": {"openAPIV3Schema": fields(spec=spec, status=OPEN)},
                    }
                ],
            },
        }

    def named(self, name: str, gpu_class: str | None = None, spec: Json | None = None) -> Json:
        """Give an object; of a class, where one is given."""
        annotations = {"annotations": {"gpu-class": gpu_class}} if gpu_class else {}
        return {
            "apiVersion": f"{self.group}/{self.version}",
            "kind": self.kind,
            "metadata": {"name": name, **annotations},
            "spec": spec or self.spec,
        }


def install(control_plane: ControlPlane, kinds: tuple[Custom, ...]) -> None:
    """Install kinds, and wait until objects of each are served."""
    stream = "\n---\n".join(json.dumps(each.crd()) for each in kinds)
    control_plane.kubectl("apply", "--filename", "-", input=stream)
    for each in kinds:
        path = f"/apis/{each.group}/{each.version}/{each.plural}"
        eventually(lambda path=path: control_plane.api.is_ready(path), each.resource)  # type: ignore[misc]


def at(document: object, path: str) -> object:
    """Give what stands at a dotted path; None where it is not there."""
    for step in path.split("."):
        if isinstance(document, list):
            document = document[int(step)]
        else:
            document = document.get(step) if isinstance(document, dict) else None
    return document
