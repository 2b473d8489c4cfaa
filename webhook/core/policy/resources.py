"""What asks for a GPU: resource names against the policy's list, amounts above zero.

Extended resources stand in limits or requests of containers and init containers (sidecars are
init containers); ephemeral containers and pod-level resources never carry them (core/v1,
KEP-2837). Names may be globs (`nvidia.com/mig-*`); KEP-5004 adds names for each DeviceClass. Or a
ResourceClaim, or the template of one, asks for a DeviceClass (KEP-4381).
"""

from collections.abc import Collection, Iterable
from enum import Enum
from functools import lru_cache

import msgspec

from webhook.core.cluster import UNKNOWN, Cluster
from webhook.core.names import DEVICE_CLASS_RESOURCE_PREFIX, GPU_VENDOR_DOMAINS
from webhook.core.pod import Container, Pod, PodResourceClaim
from webhook.core.policy.globs import is_glob, is_match
from webhook.core.quantity import is_positive


class Need(Enum):
    """What a pod asks for, as far as GPUs are concerned."""

    GPU = "a GPU"
    UNKNOWN = "something that may be a GPU"
    NOTHING = "no GPU"


class Asked(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a pod asks for, and by which name (empty: it asks for nothing that matters)."""

    need: Need
    name: str = ""


_NOTHING = Asked(need=Need.NOTHING)
_A_CLAIM = Asked(need=Need.UNKNOWN)
"""A ResourceClaim that is not known."""


class GPUResources:
    """The names that mean a GPU, prepared once for many pods."""

    def __init__(self, names: Iterable[str], device_classes: Collection[str]) -> None:
        """Take exact names and globs of resources, and names of DeviceClasses."""
        listed = tuple(names)
        self._device_classes = frozenset(device_classes)
        classes = (DEVICE_CLASS_RESOURCE_PREFIX + name for name in device_classes)
        self.names = tuple(name for name in listed if not is_glob(name))
        self.globs = tuple(name for name in listed if is_glob(name))
        self.device_classes = tuple(classes)
        self._listed = frozenset(self.names)
        self._exact = self._listed | frozenset(self.device_classes)

    def matches(self, name: str, cluster: Cluster = UNKNOWN) -> bool:
        """Tell whether a resource name means a GPU."""
        return (
            name in self._exact
            or any(is_match(glob, name) for glob in self.globs)
            or cluster.extended_resources.get(name) in self._device_classes
        )

    def of_device_classes(self, cluster: Cluster) -> tuple[str, ...]:
        """Give the extended resource names that the listed DeviceClasses chose for themselves."""
        given = cluster.extended_resources.items()
        return tuple(sorted(name for name, each in given if each in self._device_classes))

    def is_asked(self, pod: Pod, namespace: str = "", cluster: Cluster = UNKNOWN) -> bool:
        """Tell whether a pod asks for a GPU."""
        return self.asked(pod, namespace, cluster).need is Need.GPU

    def is_asked_by(self, container: Container, cluster: Cluster = UNKNOWN) -> bool:
        """Tell whether one container asks for a GPU itself."""
        return any(self.matches(name, cluster) for name in extended(container))

    def names_all(self, wanted: Iterable[str]) -> bool:
        """Tell at little cost whether all of some names are on the list as they are."""
        return self._listed.issuperset(wanted)

    def listed(self, wanted: Iterable[str], beside: "GPUResources") -> frozenset[str]:
        """Give those of some names that are on the list, and on another not.

        Those of DeviceClasses are not among them.
        """
        found = [name for name in wanted if not beside.matches(name) and self._is_listed(name)]
        return frozenset(found)

    def _is_listed(self, name: str) -> bool:
        return name in self._listed or any(is_match(glob, name) for glob in self.globs)

    def asked(self, pod: Pod, namespace: str = "", cluster: Cluster = UNKNOWN) -> Asked:
        """Find what a pod in `namespace` asks for; a GPU outweighs what is unknown."""
        return self.asked_by(wanted(pod), pod, namespace, cluster)

    def asked_by(self, wanted: Iterable[str], pod: Pod, namespace: str, cluster: Cluster) -> Asked:
        """Find the same of a pod whose containers are known to want these extended resources."""
        unknown = ""
        for name in wanted:
            if self.matches(name, cluster):
                return Asked(need=Need.GPU, name=name)
            if name.partition("/")[0] in GPU_VENDOR_DOMAINS:
                unknown = unknown or name
        claimed = self._claimed(pod.spec.resource_claims or (), namespace, cluster)
        if unknown and claimed.need is not Need.GPU:
            return Asked(need=Need.UNKNOWN, name=unknown)
        return claimed

    def _claimed(
        self, claims: Iterable[PodResourceClaim], namespace: str, cluster: Cluster
    ) -> Asked:
        """Find what a pod asks for by claims; other devices than GPUs are nobody's business."""
        found = _NOTHING
        for claim in claims:
            classes = device_classes(claim, namespace, cluster)
            if classes is None:
                found = _A_CLAIM
            elif listed := sorted(classes & self._device_classes):
                return Asked(need=Need.GPU, name=listed[0])
        return found


@lru_cache(maxsize=256)
def offering(names: tuple[str, ...]) -> GPUResources:
    """Prepare the names that nodes offer: those of a thousand pools are few."""
    return GPUResources(names, ())


def device_classes(
    claim: PodResourceClaim, namespace: str, cluster: Cluster
) -> frozenset[str] | None:
    """Give the DeviceClasses that a pod's claim asks for; None where it is not known."""
    if claim.resource_claim_name:
        return cluster.claims.get((namespace, claim.resource_claim_name))
    return cluster.claim_templates.get((namespace, claim.resource_claim_template_name or ""))


def wanted(pod: Pod) -> list[str]:
    """Give the extended resources of which a pod's containers want more than zero."""
    found: list[str] = []
    for containers in (pod.spec.containers, pod.spec.init_containers):
        for container in containers or ():
            found += extended(container)
    return found


def extended(container: Container) -> list[str]:
    """Give the extended resources of which a container wants more than zero."""
    resources = container.resources
    if resources is None:
        return []
    found: list[str] = []
    for amounts in (resources.limits, resources.requests):
        for name, amount in (amounts or {}).items():
            if "/" in name and amount is not None and is_positive(amount):
                found.append(name)
    return found
