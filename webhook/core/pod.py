"""The fields of a pod that decisions read, and no others.

A review carries a whole pod; decoding all of it costs more than deciding. These structs name
what rules look at, everything else is skipped by the decoder. Field names and meanings are those
of the core/v1 API; lists and maps may be absent or null there, and are None here.
"""

from collections.abc import Iterator
from typing import TypeAlias

import msgspec

Amount: TypeAlias = str | int | float
"""A quantity as JSON has it: `"1"`, `1`, `"500m"`."""

ENDED = frozenset({"Succeeded", "Failed"})
"""Phases in which a pod is on no node any more, and holds nothing."""


class _Object(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True, gc=False
):
    """A JSON object of the Kubernetes API: camelCase on the wire, immutable here."""


class Toleration(_Object, frozen=True):
    """core/v1 Toleration; an absent operator is Equal, an absent effect is every effect."""

    key: str | None = None
    operator: str | None = None
    value: str | None = None
    effect: str | None = None
    toleration_seconds: int | None = None


class NodeSelectorRequirement(_Object, frozen=True):
    """core/v1 NodeSelectorRequirement: In, NotIn, Exists, DoesNotExist, Gt or Lt."""

    key: str
    operator: str
    values: tuple[str, ...] | None = None


class NodeSelectorTerm(_Object, frozen=True):
    """core/v1 NodeSelectorTerm: its requirements are ANDed; an empty term matches no node."""

    match_expressions: tuple[NodeSelectorRequirement, ...] | None = None
    match_fields: tuple[NodeSelectorRequirement, ...] | None = None


class NodeSelector(_Object, frozen=True):
    """core/v1 NodeSelector: its terms are ORed."""

    node_selector_terms: tuple[NodeSelectorTerm, ...] | None = None


class PreferredSchedulingTerm(_Object, frozen=True):
    """core/v1 PreferredSchedulingTerm: weight 1..100."""

    weight: int
    preference: NodeSelectorTerm


class NodeAffinity(_Object, frozen=True):
    """core/v1 NodeAffinity."""

    required_during_scheduling_ignored_during_execution: NodeSelector | None = None
    preferred_during_scheduling_ignored_during_execution: (
        tuple[PreferredSchedulingTerm, ...] | None
    ) = None


class PodAffinity(_Object, frozen=True):
    """core/v1 PodAffinity, of which only the presence of required terms is looked at."""

    required_during_scheduling_ignored_during_execution: tuple[object, ...] | None = None


class Affinity(_Object, frozen=True):
    """core/v1 Affinity without what no rule reads."""

    node_affinity: NodeAffinity | None = None
    pod_affinity: PodAffinity | None = None


class ResourceRequirements(_Object, frozen=True):
    """core/v1 ResourceRequirements: amounts by resource name."""

    limits: dict[str, Amount | None] | None = None
    requests: dict[str, Amount | None] | None = None


class EnvVar(_Object, frozen=True):
    """core/v1 EnvVar; of a value that comes from elsewhere only this is known."""

    name: str = ""
    value: str | None = None
    value_from: object = None


class Container(_Object, frozen=True):
    """core/v1 Container: resources, environment; an init container may be a sidecar (Always)."""

    name: str = ""
    env: tuple[EnvVar, ...] | None = None
    restart_policy: str | None = None
    resources: ResourceRequirements | None = None


class PodResourceClaim(_Object, frozen=True):
    """core/v1 PodResourceClaim: a ResourceClaim, or the template of one, by its name."""

    name: str = ""
    resource_claim_name: str | None = None
    resource_claim_template_name: str | None = None


class PodSpec(_Object, frozen=True):
    """core/v1 PodSpec: what decides where a pod may run."""

    node_name: str | None = None
    node_selector: dict[str, str] | None = None
    affinity: Affinity | None = None
    tolerations: tuple[Toleration, ...] | None = None
    containers: tuple[Container, ...] | None = None
    init_containers: tuple[Container, ...] | None = None
    resource_claims: tuple[PodResourceClaim, ...] | None = None
    resources: ResourceRequirements | None = None
    runtime_class_name: str | None = None
    priority_class_name: str | None = None
    priority: int | None = None
    preemption_policy: str | None = None


class OwnerReference(_Object, frozen=True):
    """meta/v1 OwnerReference: who owns the object, and whether it is the controller."""

    kind: str = ""
    name: str = ""
    controller: bool | None = None


class ObjectMeta(_Object, frozen=True):
    """meta/v1 ObjectMeta: names and the two maps."""

    name: str | None = None
    generate_name: str | None = None
    namespace: str | None = None
    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None
    owner_references: tuple[OwnerReference, ...] | None = None
    deletion_timestamp: str | None = None


NO_METADATA, NO_SPEC = ObjectMeta(), PodSpec()
"""What a pod has that was sent without the one or the other: a patch has to make it first."""


class Pod(_Object, frozen=True):
    """core/v1 Pod, or the pod template of a workload taken as one."""

    metadata: ObjectMeta = NO_METADATA
    spec: PodSpec = NO_SPEC

    @property
    def annotations(self) -> dict[str, str]:
        """Give the annotations, empty where the pod has none."""
        return self.metadata.annotations or {}

    def containers(self) -> Iterator[tuple[str, Container]]:
        """Give containers and init containers, each with its path in the pod."""
        for field, containers in (
            ("containers", self.spec.containers),
            ("initContainers", self.spec.init_containers),
        ):
            for index, container in enumerate(containers or ()):
                yield f"spec.{field}[{index}]", container
