"""Rule `restore`: what CREATE injected stays, and a pod can be applied twice.

CREATE leaves a label (`gpuclass.io/class`, for selectors and metrics) and a stamp: an annotation
that records the class, the policy's revision, and what was injected. A bare pod under
`kubectl apply` or Argo CD that has tolerations or affinity of its own sends, the second time, its
lists without what was injected, and the API server refuses to take anything away from a pod. On
UPDATE the lost entries are therefore put back from the old object: exactly those, nothing else.

Nothing is ever decided by the stamp of a new pod: who forges one gains only what is in its spec.
"""

import hashlib
from collections.abc import Collection
from typing import TypeAlias

import msgspec
from msgspec.structs import replace

from webhook.core.names import STAMP_ANNOTATION
from webhook.core.pod import (
    NodeAffinity,
    NodeSelector,
    ObjectMeta,
    Pod,
    PodSpec,
    PreferredSchedulingTerm,
    Toleration,
)
from webhook.core.review import UNREADABLE
from webhook.core.rules.placement import with_node_affinity

NAME = "restore"

_Half: TypeAlias = NodeSelector | tuple[PreferredSchedulingTerm, ...] | None


class Stamp(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel", gc=False
):
    """What was injected.

    `tolerations` are written as taints are (`gpu-type=training:NoSchedule`). `required` and
    `preferred` are digests of the two halves of the node affinity as they were before, where they
    were changed. `priority_class_name` is the name as it was before, changed or not.
    """

    gpu_class: str | None = msgspec.field(default=None, name="class")
    revision: str = ""
    tolerations: tuple[str, ...] = ()
    required: str | None = None
    preferred: str | None = None
    priority_class_name: str | None = None


_decode = msgspec.json.Decoder(Stamp).decode
_encode = msgspec.json.Encoder().encode


def read(pod: Pod) -> Stamp | None:
    """Read the stamp of a pod; None where it has none that can be read."""
    text = pod.annotations.get(STAMP_ANNOTATION)
    try:
        return _decode(text) if text else None
    except UNREADABLE:
        return None


def unknown_revision(pod: Pod, known: Collection[str]) -> str | None:
    """Give the revision of the policy that a pod was brought to its state by, unless it is known.

    It excuses nothing: whoever changes a pod may forge it.
    """
    stamped = read(pod)
    return stamped.revision if stamped is not None and stamped.revision not in known else None


def text(before: Pod, after: PodSpec, gpu_class: str | None, revision: str) -> str:
    """Give the stamp of what was injected into a pod; a second pass adds to the first's."""
    known = read(before)
    if known is None or (known.gpu_class, known.revision) != (gpu_class, revision):
        name = before.spec.priority_class_name or None
        known = Stamp(gpu_class=gpu_class, revision=revision, priority_class_name=name)
    return _encode(_adding(known, before.spec, after)).decode()


def write(metadata: ObjectMeta, text: str) -> ObjectMeta:
    """Write the stamp."""
    annotations = metadata.annotations or {}
    if annotations.get(STAMP_ANNOTATION) == text:
        return metadata
    return replace(metadata, annotations={**annotations, STAMP_ANNOTATION: text})


def _adding(known: Stamp, before: PodSpec, after: PodSpec) -> Stamp:
    added = (after.tolerations or ())[len(before.tolerations or ()) :]
    return Stamp(
        gpu_class=known.gpu_class,
        revision=known.revision,
        tolerations=(*known.tolerations, *map(_written, added)),
        required=known.required or _changed(_required(before), _required(after)),
        preferred=known.preferred or _changed(_preferred(before), _preferred(after)),
        priority_class_name=known.priority_class_name,
    )


def _written(toleration: Toleration) -> str:
    """Write an injected toleration as the taint that it answers."""
    return f"{toleration.key}={toleration.value or ''}:{toleration.effect}"


def _required(spec: PodSpec) -> NodeSelector | None:
    affinity = spec.affinity.node_affinity if spec.affinity else None
    return affinity.required_during_scheduling_ignored_during_execution if affinity else None


def _preferred(spec: PodSpec) -> tuple[PreferredSchedulingTerm, ...]:
    affinity = spec.affinity.node_affinity if spec.affinity else None
    terms = affinity.preferred_during_scheduling_ignored_during_execution if affinity else None
    return terms or ()


def _changed(before: _Half, after: _Half) -> str | None:
    """Give the digest of what was there before, if it was changed."""
    return None if before == after else digest(before)


def digest(half: _Half) -> str:
    """Give a short digest of one half of a node affinity; `none` where there is none."""
    return hashlib.sha256(_encode(half)).hexdigest()[:16] if half else "none"


def restore(old: Pod, new: Pod) -> Pod:
    """Put back what CREATE had injected into `old` and `new` lost; the same pod if nothing."""
    stamp = read(old)
    if stamp is None:
        return new
    for part in (_restore_tolerations, _restore_affinity, _restore_priority):
        new = part(old, new, stamp)
    return new


def _restore_tolerations(old: Pod, new: Pod, stamp: Stamp) -> Pod:
    had, has = old.spec.tolerations or (), new.spec.tolerations or ()
    lost = tuple(each for each in had if each not in has and _written(each) in stamp.tolerations)
    return replace(new, spec=replace(new.spec, tolerations=(*has, *lost))) if lost else new


def _restore_affinity(old: Pod, new: Pod, stamp: Stamp) -> Pod:
    """Restore each half of the node affinity that is again as it was before the injection."""
    required, preferred = _required(new.spec), _preferred(new.spec)
    if digest(required) == stamp.required:
        required = _required(old.spec)
    if digest(preferred) == stamp.preferred:
        preferred = _preferred(old.spec)
    if (required, preferred) == (_required(new.spec), _preferred(new.spec)):
        return new
    return with_node_affinity(
        new,
        NodeAffinity(
            required_during_scheduling_ignored_during_execution=required,
            preferred_during_scheduling_ignored_during_execution=preferred or None,
        ),
    )


def _restore_priority(old: Pod, new: Pod, stamp: Stamp) -> Pod:
    had, has = old.spec.priority_class_name, new.spec.priority_class_name
    was = stamp.priority_class_name
    if had in (has, was) or has not in (None, was):
        return new
    return replace(
        new,
        spec=replace(
            new.spec,
            priority_class_name=had,
            priority=old.spec.priority,
            preemption_policy=old.spec.preemption_policy,
        ),
    )
