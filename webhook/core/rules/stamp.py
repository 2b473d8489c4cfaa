"""Rule `restore`: what CREATE injected stays, and a pod can be applied twice.

CREATE leaves a label (`gpuclass.io/class`, for selectors and metrics) and a stamp: an annotation
that records the class, the policy's revision, and what was injected. A bare pod under
`kubectl apply` or Argo CD that has tolerations or affinity of its own sends, the second time, its
lists without what was injected, and the API server refuses to take anything away from a pod. On
UPDATE the lost entries are therefore put back from the old object: exactly those, nothing else.

Nothing is ever decided by the stamp of a new pod: who forges one gains only what is in its spec.
"""

import hashlib

import msgspec
from msgspec.structs import replace

from webhook.core.names import CLASS_LABEL, STAMP_ANNOTATION
from webhook.core.pod import NodeAffinity, Pod, PodSpec, Toleration
from webhook.core.rules.placement import with_node_affinity

NAME = "restore"


class Stamp(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel", gc=False
):
    """What was injected.

    `tolerations` are written as taints are (`gpu-type=training:NoSchedule`); `affinity` is a
    digest of the node affinity, and `priority_class_name` the name, that were there before.
    """

    gpu_class: str | None = msgspec.field(default=None, name="class")
    revision: str = ""
    tolerations: tuple[str, ...] = ()
    affinity: str | None = None
    priority_class_name: str | None = None


_decode = msgspec.json.Decoder(Stamp).decode
_encode = msgspec.json.Encoder().encode


def read(pod: Pod) -> Stamp | None:
    """Read the stamp of a pod; None where it has none that can be read."""
    text = pod.annotations.get(STAMP_ANNOTATION)
    try:
        return _decode(text) if text else None
    except msgspec.DecodeError:
        return None


def label(pod: Pod, gpu_class: str) -> Pod:
    """Write the class's label."""
    labels = pod.metadata.labels or {}
    if labels.get(CLASS_LABEL) == gpu_class:
        return pod
    return replace(pod, metadata=replace(pod.metadata, labels={**labels, CLASS_LABEL: gpu_class}))


def write(before: Pod, after: Pod, gpu_class: str | None, revision: str) -> Pod:
    """Write what was injected between two states of a pod; a second pass adds to the first's."""
    known = read(before)
    if known is None or (known.gpu_class, known.revision) != (gpu_class, revision):
        known = Stamp(gpu_class=gpu_class, revision=revision)
    text = _encode(_adding(known, before.spec, after.spec)).decode()
    annotations = after.annotations
    if annotations.get(STAMP_ANNOTATION) == text:
        return after
    metadata = replace(after.metadata, annotations={**annotations, STAMP_ANNOTATION: text})
    return replace(after, metadata=metadata)


def _adding(known: Stamp, before: PodSpec, after: PodSpec) -> Stamp:
    added = (after.tolerations or ())[len(before.tolerations or ()) :]
    affinity, name = known.affinity, known.priority_class_name
    if affinity is None and before.affinity is not after.affinity:
        affinity = digest(_node_affinity(before))
    if name is None and before.priority_class_name != after.priority_class_name:
        name = before.priority_class_name
    return Stamp(
        gpu_class=known.gpu_class,
        revision=known.revision,
        tolerations=(*known.tolerations, *map(_written, added)),
        affinity=affinity,
        priority_class_name=name,
    )


def _written(toleration: Toleration) -> str:
    """Write an injected toleration as the taint that it answers."""
    return f"{toleration.key}={toleration.value or ''}:{toleration.effect}"


def _node_affinity(spec: PodSpec) -> NodeAffinity | None:
    return spec.affinity.node_affinity if spec.affinity else None


def digest(affinity: NodeAffinity | None) -> str:
    """Give a short digest of a node affinity; `none` where there is none."""
    if affinity is None:
        return "none"
    return hashlib.sha256(_encode(affinity)).hexdigest()[:16]


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
    had, has = _node_affinity(old.spec), _node_affinity(new.spec)
    if had is None or had == has or digest(has) != stamp.affinity:
        return new
    return with_node_affinity(new, had)


def _restore_priority(old: Pod, new: Pod, stamp: Stamp) -> Pod:
    had, has = old.spec.priority_class_name, new.spec.priority_class_name
    if had == has or has not in (None, stamp.priority_class_name):
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
