"""A node that registers: marked as its pool says before any pod can be placed on it."""

from typing import Any

import msgspec

from webhook.core.cluster import Taint
from webhook.core.decision import Decision, Verdict
from webhook.core.names import MARKS_ANNOTATION, NODES_GROUP
from webhook.core.node_restriction import may_set_itself
from webhook.core.patch import JSON, diff
from webhook.core.paths import JSONObject
from webhook.core.policy.documents import Mode
from webhook.core.policy.policy import Policy
from webhook.core.review import GroupVersionKind, Request
from webhook.core.rules.node_marks import (
    NAME,
    Marks,
    always,
    forbid,
    read_marks,
    stand,
    wanted,
    write_record,
)
from webhook.core.subject.case import Stage, allow


class _Metadata(msgspec.Struct, frozen=True):
    name: str = ""
    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None


class _Spec(msgspec.Struct, frozen=True):
    taints: tuple[Taint, ...] | None = None


class _Node(msgspec.Struct, frozen=True):
    """core/v1 Node, as far as its marks go."""

    metadata: _Metadata = _Metadata()
    spec: _Spec = _Spec()


_decode = msgspec.json.Decoder(dict[str, Any]).decode


def is_node(kind: GroupVersionKind) -> bool:
    """Tell whether a kind is that of nodes."""
    return kind.kind == "Node" and not kind.group


def is_status(request: Request) -> bool:
    """Tell whether a request writes the status of a node, by which its annotations change too."""
    return is_node(request.kind) and request.sub_resource == "status"


def judge(request: Request, policy: Policy, stage: Stage) -> Decision:
    """Mark a node that registers and that a pool claims.

    What a kubelet may not say of itself is left to the controller: the API server judges our patch
    as the kubelet's own (NodeRestriction). Raises what `review.UNREADABLE` lists.
    """
    if stage is Stage.VALIDATE:
        return _judge_record(request, policy)
    if request.operation != "CREATE":
        return allow("a node that is there: the controller looks after it")
    node: JSONObject = _decode(request.object)
    metadata = msgspec.convert(_part(node, "metadata"), _Metadata)
    claimed_as = read_marks(metadata.labels, metadata.annotations, ())
    standing = stand(metadata.name, claimed_as, policy)
    if standing.claim is None:
        rivals = ", ".join(pool.name for pool in standing.rivals)
        claimed = f"pools {rivals} claim alike" if rivals else "no pool claims"
        return Decision(verdict=Verdict.IGNORE, reason=f"a node that {claimed}")
    _, before = read(node)
    is_own = NODES_GROUP in (request.user_info.groups or ())
    after = wanted(before, standing, may_set_itself if is_own else always)
    changed = after != before
    return Decision(
        verdict=Verdict.INJECT,
        reason=f"a node of pool {standing.claim.pool.name}",
        patch=diff(node, marked(node, before, after)) if NAME in policy.writing else (),
        rules=(NAME,) if changed and NAME in policy.writing else (),
        would_change=(NAME,) if changed and policy.modes[NAME] is Mode.AUDIT else (),
    )


def _judge_record(request: Request, policy: Policy) -> Decision:
    """Judge who writes our record: a kubelet that did could have us open its own node."""
    node, old = (
        msgspec.json.decode(each, type=_Node | None)
        for each in (request.object, request.old_object)
    )
    name = node.metadata.name if node else ""
    is_ours = old is None and policy.membership.claims(name)
    is_own = NODES_GROUP in (request.user_info.groups or ())
    forged = is_own and not is_ours and _record(node) != _record(old)
    return Decision(
        verdict=Verdict.ALLOW,
        reason="what is recorded of a node",
        violations=(forbid(request.user_info.username),) if forged else (),
    )


def _record(node: _Node | None) -> str | None:
    return (node.metadata.annotations or {}).get(MARKS_ANNOTATION) if node else None


def read(node: JSONObject) -> tuple[str, Marks]:
    """Read name and marks of a Node; raise msgspec.ValidationError for one that is none."""
    found = msgspec.convert(node, _Node)
    metadata = found.metadata
    return metadata.name, read_marks(metadata.labels, metadata.annotations, found.spec.taints)


def marked(node: JSONObject, before: Marks, after: Marks) -> JSONObject:
    """Give a Node with other marks; of a taint that stays, every field does."""
    if after == before:
        return node
    metadata, spec = _part(node, "metadata"), _part(node, "spec")
    labels = {**_part(metadata, "labels"), **after.labels}
    annotations = dict(_part(metadata, "annotations"))
    annotations.pop(MARKS_ANNOTATION, None)
    if after.record is not None:
        annotations[MARKS_ANNOTATION] = write_record(after.record)
    kept: JSONObject = {key: each for key, each in labels.items() if key in after.labels}
    return {
        **node,
        "metadata": {**metadata, "labels": kept, "annotations": annotations},
        "spec": {**spec, "taints": taints_of(spec.get("taints"), after.taints)},
    }


def _part(node: JSONObject, name: str) -> JSONObject:
    found = node.get(name)
    return found if isinstance(found, dict) else {}


def taints_of(found: JSON, wanted_taints: tuple[Taint, ...]) -> list[JSON]:
    """Give taints as JSON; those that are there as they are (`timeAdded`)."""
    listed = found if isinstance(found, list) else []
    there = {msgspec.convert(each, Taint): each for each in listed}
    return [there.get(each, _written(each)) for each in wanted_taints]


def _written(taint: Taint) -> JSON:
    fields: dict[str, JSON] = {"key": taint.key, "value": taint.value, "effect": taint.effect}
    return {name: value for name, value in fields.items() if value}
