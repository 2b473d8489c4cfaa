"""Rule `workload`: the annotation on a workload is carried to its pod templates.

    kubectl annotate deployment x gpu-class=training      # the template says so: its pods roll
    kubectl annotate deployment x gpu-class-              # taken from the template again

- Present, its value is set on every template; another value there is replaced, with a warning.
  Removed, it is removed there, if the template still holds that value. Nothing else is touched.
- Where pods of several sorts may come of one workload (a launcher, a Ray head), the annotation
  `gpuclass.io/member` goes with it: one that asks for no GPU then gets the class's priority only.
- A template that somebody else declares whole is left alone: a ReplicaSet's, Deployment's,
  StatefulSet's or DaemonSet's that has a controller. Run-once kinds keep their own annotation.
- Kinds differ in when a template may change: a Job's while it is suspended and has not started,
  a JobSet's while it is suspended, a Workflow's never, that of a Knative Service's named revision
  under a new name. Outside that the annotation is let in, the template left, and a warning says
  what to do. What such a write has lost of the annotation is put back: a client that applies a
  manifest replaces a list of templates whole.
- A listed kind that has nothing at its paths (it refers to templates elsewhere) is warned of.
- Refused is only a class that this very write names and that does not exist or is forbidden: the
  annotation is new or changed, and the templates do not carry it already (as a rollback's do).
"""

from dataclasses import dataclass

from webhook.core import workload
from webhook.core.decision import Violation
from webhook.core.names import CLASS_ANNOTATION, MEMBER_ANNOTATION
from webhook.core.patch import JSON
from webhook.core.paths import EACH, JSONObject, Path, at, drop, put, written
from webhook.core.policy.policy import Policy
from webhook.core.rules import gpu_class
from webhook.core.template import Template
from webhook.core.workload import Update, WorkloadKind, annotation, controller

NAME = "workload"

IS_MEMBER = "true"
"""The value of the annotation that marks a member; that it is there is what counts."""


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
    def templates(self) -> tuple[Template, ...]:
        """The pod templates that the object has."""
        return workload.templates(self.kind, self.new)

    @property
    def shown(self) -> frozenset[str | None]:
        """The classes that its templates name."""
        return frozenset(_shown(each, self.new) for each in self.templates)

    @property
    def template(self) -> str | None:
        """The class that every template names."""
        shown = self.shown
        return next(iter(shown)) if len(shown) == 1 else None

    @property
    def matters(self) -> bool:
        """Tell whether this write changed the annotation or a template."""
        return self.named != self.before or any(
            at(self.new, path) != at(self.old, path) for path in _roots(self.kind)
        )

    @property
    def owner(self) -> str | None:
        """Who declares the templates in the object's stead."""
        return None if self.kind.run_once else controller(self.new)

    @property
    def fixed(self) -> bool:
        """Tell whether the templates can not change any more."""
        if self.old is None:
            return False
        match self.kind.update:
            case Update.ALWAYS:
                return False
            case Update.NEVER:
                return True
            case Update.WHILE_SUSPENDED:
                has_started = self.kind.started and at(self.old, self.kind.started) is not None
                return bool(has_started) or at(self.old, self.kind.suspend) is not True
            case Update.ON_NEW_NAME:
                return any(map(self._has_same_name, self.templates))

    def _has_same_name(self, template: Template) -> bool:
        path = (*template.path, "metadata", "name")
        name = at(self.new, path)
        return name is not None and name == at(self.old, path)


def _named(kind: WorkloadKind, document: JSONObject | None) -> str | None:
    places = (annotation(document, path) for path in (*kind.nearer, ()))
    return next((value for value in places if value is not None), None)


def _shown(template: Template, document: JSON) -> str | None:
    return template.annotation(document, CLASS_ANNOTATION)


def _roots(kind: WorkloadKind) -> tuple[Path, ...]:
    """Give the fields under which everything lies that the templates of a kind consist of."""
    paths = (each.path for each in kind.templates)
    return tuple(path[: path.index(EACH)] if EACH in path else path for path in paths)


def carry(change: Change) -> JSONObject:
    """Bring the templates' annotations in step; the same object where they are, or must be left."""
    document = change.new
    if change.owner:
        return document
    for each in change.templates:
        document = (
            _restored(document, each, change) if change.fixed else _carried(document, each, change)
        )
    return document


def _carried(document: JSONObject, template: Template, change: Change) -> JSONObject:
    named, shown = change.named, _shown(template, document)
    if named is not None:
        return _set(document, template, named, is_member=change.kind.is_mixed)
    if shown is None or shown != change.before:
        return document
    for place in template.places:
        for key in (CLASS_ANNOTATION, MEMBER_ANNOTATION):
            if at(document, (*place, key)) is not None:
                document = drop(document, (*place, key))
    return document


def _restored(document: JSONObject, template: Template, change: Change) -> JSONObject:
    """Put back what was carried here and is lost by a write that has to leave all as it is."""
    before = _shown(template, change.old)
    was_member = template.annotation(change.old, MEMBER_ANNOTATION) is not None
    is_ours = was_member or before == change.before
    if before is None or not is_ours or _shown(template, document) is not None:
        return document
    return _set(document, template, before, is_member=was_member)


def _set(document: JSONObject, template: Template, named: str, *, is_member: bool) -> JSONObject:
    if _shown(template, document) != named:
        document = _put(document, template, CLASS_ANNOTATION, named)
    if is_member and template.annotation(document, MEMBER_ANNOTATION) is None:
        document = _put(document, template, MEMBER_ANNOTATION, IS_MEMBER)
    return document


def _put(document: JSONObject, template: Template, key: str, value: str) -> JSONObject:
    for place in template.places:
        document = put(document, (*place, key), value)
    return document


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
    path = ".".join((*map(str, change.named_at), violation.path))
    return (Violation(rule=violation.rule, path=path, message=violation.message),)


def warn(change: Change, after: JSONObject) -> tuple[str, ...]:
    """Say what the annotation does not do, or does besides; `after` is the object as it becomes."""
    named, kind = change.named, change.kind
    if named is None or named == change.template or not change.matters:
        return ()
    if change.owner:
        return (
            f"{CLASS_ANNOTATION}={named} is not carried to the pods: {change.owner} owns this "
            f"{kind.kind} and declares its template; annotate the template there",
        )
    if not change.templates:
        places = " or ".join(written(each.path) for each in kind.templates)
        return (
            f"{CLASS_ANNOTATION}={named} does not reach the pods: this {kind.kind} has nothing at "
            f"{places}; annotate the templates that it refers to",
        )
    if change.fixed:
        if {_shown(each, after) for each in change.templates} == {named}:
            return ()
        return (f"{CLASS_ANNOTATION}={named} does not reach the pods: {_advice(kind)}",)
    others = sorted(each for each in change.shown if each not in (None, named, change.before))
    return tuple(
        f"the template's {CLASS_ANNOTATION}={each} is replaced by the {kind.kind}'s {named}"
        for each in others
    )


def _advice(kind: WorkloadKind) -> str:
    """Say what to do where the templates of a kind can not change now."""
    the_templates = f"the {'templates' if kind.is_mixed else 'template'} of a {kind.kind}"
    again = "delete it and create it again"
    match kind.update:
        case Update.WHILE_SUSPENDED if kind.started is None:
            suspend = written(kind.suspend)
            return f"{the_templates} can not change while it runs; set {suspend} first, or {again}"
        case Update.NEVER:
            return f"{the_templates} can not change; {again}"
        case Update.ON_NEW_NAME:
            return f"{the_templates} changes under a new name only; write another metadata.name"
        case _:
            return f"{the_templates} can not change once it runs; {again}"
