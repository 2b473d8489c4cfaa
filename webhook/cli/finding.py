"""What the cluster would do with one manifest: a value for every report."""

from dataclasses import dataclass

from webhook.cli.manifests import Manifest
from webhook.core.decision import Verdict, Violation
from webhook.core.patch import JSON, Operation, apply
from webhook.core.paths import JSONObject


@dataclass(frozen=True, slots=True, kw_only=True)
class PodFinding:
    """What would become of the pods of one template, which lies at `path` of the object.

    `patch` applies to `pod`: the patched template as a pod.
    """

    path: str
    reason: str
    gpu_class: str | None
    pod: JSONObject
    patch: tuple[Operation, ...]

    @property
    def after(self) -> JSON:
        """The pod as it would be stored."""
        return apply(self.patch, self.pod)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A manifest, judged.

    `verdict` speaks of the object and the pods it would make: deny if either would be refused,
    inject if its pods would be changed, propagate if only the object itself would be. `patch`
    applies to the object as written, `pod_patch` to `pod`: its patched pod template as a pod (both
    are None for a kind without one). A kind that the policy lists may have several templates: it
    has `pods` instead, one for each that shows its pods. Paths of violations are the object's.
    `would_change` and `would_refuse` are what rules in mode Audit would have done.
    """

    manifest: Manifest
    verdict: Verdict
    reason: str
    gpu_class: str | None = None
    patch: tuple[Operation, ...] = ()
    pod: JSONObject | None = None
    pod_patch: tuple[Operation, ...] | None = None
    pods: tuple[PodFinding, ...] | None = None
    violations: tuple[Violation, ...] = ()
    warnings: tuple[str, ...] = ()
    would_change: tuple[str, ...] = ()
    would_refuse: tuple[Violation, ...] = ()

    @property
    def after(self) -> JSON:
        """The object as it would be stored."""
        return apply(self.patch, self.manifest.value)

    @property
    def pod_after(self) -> JSON:
        """The pod as it would be stored: of a template, or the object itself where it is one.

        Of several templates it is that of the first whose pods get a class.
        """
        if self.pods is not None:
            with_class = (each for each in self.pods if each.gpu_class)
            speaking = next(with_class, next(iter(self.pods), None))
            return speaking.after if speaking else {}
        return self.after if self.pod is None else apply(self.pod_patch or (), self.pod)
