"""The binding of a pod to a node, sent by a scheduler or by somebody who goes round it."""

import msgspec

from webhook.core.decision import Decision, Verdict
from webhook.core.policy.policy import Policy
from webhook.core.review import Request
from webhook.core.rules import binding


class _Target(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """core/v1 ObjectReference, always of a Node."""

    name: str = ""


class _Binding(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """core/v1 Binding."""

    target: _Target = _Target()


_decode = msgspec.json.Decoder(_Binding).decode


def is_binding(request: Request) -> bool:
    """Tell whether a request binds a pod, by the pod's subresource or by the older resource."""
    kind = request.kind
    return kind.kind == "Binding" and not kind.group and request.sub_resource in ("", "binding")


def judge(request: Request, policy: Policy) -> Decision:
    """Judge who binds the pod, and to which node; msgspec.DecodeError for one that is none."""
    node = _decode(request.object).target.name
    return Decision(
        verdict=Verdict.ALLOW,
        reason=f"binds a pod to node {node}",
        violations=binding.find(node, request.user_info.username, policy),
    )
