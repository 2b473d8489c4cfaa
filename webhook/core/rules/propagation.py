"""Rule `workload`: the annotation on a workload is carried to its pod template.

    kubectl annotate deployment x gpu-class=training      # the template says so: its pods roll
    kubectl annotate deployment x gpu-class-              # taken from the template again

- Present, its value is set on the template; another value there is replaced, with a warning.
  Removed, it is removed there, if the template still holds that value. Nothing else is touched.
- A template that somebody else declares whole is left alone: a ReplicaSet's, Deployment's,
  StatefulSet's or DaemonSet's that has a controller. Run-once kinds keep their own annotation.
- A Job's template may change only while it is suspended and has not started: outside that the
  annotation is let in, the template left, and a warning says what to do.
- Refused is only a class that this very write names and that does not exist or is forbidden: the
  annotation is new or changed, and the template does not carry it already (as a rollback's does).
"""

from dataclasses import dataclass

from webhook.core.decision import Violation
from webhook.core.names import CLASS_ANNOTATION
from webhook.core.policy.policy import Policy
from webhook.core.rules import gpu_class
from webhook.core.workload import (
    JSONObject,
    Path,
    Update,
    WorkloadKind,
    annotation,
    at,
    controller,
    drop,
    put,
)

NAME = "workload"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a write of a workload says about its class: the object, and as it was before."""

    kind: WorkloadKind
    new: JSONObject
    old: JSONObject | None

    @property
    def named(self) -> str | None:
        """The class that the object names, nearest to the pod first."""
        return _named(self.kind, self.new)

    @property
    def named_at(self) -> Path:
        """Whose annotation that is: the object's own (empty), or one nearer to the pod."""
        places = (*self.kind.nearer, ())
        return next((each for each in places if annotation(self.new, each) is not None), ())

    @property
    def before(self) -> str | None:
        """The class that the object named before this write."""
        return _named(self.kind, self.old)

    @property
    def template(self) -> str | None:
        """The class that the template names."""
        return annotation(self.new, self.kind.template)

    @property
    def matters(self) -> bool:
        """Tell whether this write changed the annotation or the template."""
        path = self.kind.template
        return self.named != self.before or at(self.new, path) != at(self.old, path)

    @property
    def owner(self) -> str | None:
        """Who declares the template in the object's stead."""
        return None if self.kind.run_once else controller(self.new)

    @property
    def fixed(self) -> bool:
        """Tell whether the template can not change any more."""
        if self.old is None or self.kind.update is Update.ALWAYS:
            return False
        started = at(self.old, ("status", "startTime")) is not None
        return started or at(self.old, ("spec", "suspend")) is not True


def _named(kind: WorkloadKind, document: JSONObject | None) -> str | None:
    places = (annotation(document, path) for path in (*kind.nearer, ()))
    return next((value for value in places if value is not None), None)


def carry(change: Change) -> JSONObject:
    """Bring the template's annotation in step; the same object where it is, or must be left."""
    named, template = change.named, change.template
    if change.owner or change.fixed or named == template:
        return change.new
    path = (*change.kind.template, "metadata", "annotations", CLASS_ANNOTATION)
    if named is not None:
        return put(change.new, path, named)
    return drop(change.new, path) if change.before == template else change.new


def find(change: Change, namespace: str, policy: Policy) -> tuple[Violation, ...]:
    """Refuse a class that this very write names and that can not be had."""
    named = change.named
    if named is None or named == change.before or change.owner:
        return ()
    if change.old is not None and named == change.template:
        return ()
    violation = gpu_class.judge(named, namespace, policy)
    if violation is None:
        return ()
    path = ".".join((*change.named_at, violation.path))
    return (Violation(rule=violation.rule, path=path, message=violation.message),)


def warn(change: Change) -> tuple[str, ...]:
    """Say what the annotation does not do, or does besides."""
    named, template, kind = change.named, change.template, change.kind.kind
    if named is None or named == template or not change.matters:
        return ()
    if change.owner:
        return (
            f"{CLASS_ANNOTATION}={named} is not carried to the pods: {change.owner} owns this "
            f"{kind} and declares its template; annotate the template there",
        )
    if change.fixed:
        return (
            f"{CLASS_ANNOTATION}={named} does not reach the pods: the template of a {kind} can not "
            "change once it runs; delete it and create it again",
        )
    if template is not None and template != change.before:
        return (
            f"the template's {CLASS_ANNOTATION}={template} is replaced by the {kind}'s {named}",
        )
    return ()
