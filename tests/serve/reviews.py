"""Reviews to send, and decisions that need no policy to be made."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from webhook.core.decision import Decision, Verdict, Violation
from webhook.core.patch import Operation
from webhook.core.policy.policy import Policy
from webhook.core.review import Request
from webhook.core.subject.case import Stage
from webhook.watch import policies

POLICIES = Path(__file__).parents[2] / "policies"

ALLOWED = Decision(verdict=Verdict.ALLOW, reason="a test says so")
INJECTED = Decision(
    verdict=Verdict.INJECT,
    reason="a test says so",
    gpu_class="training",
    patch=(Operation(op="add", path="/metadata/labels", value={"a": "b"}),),
    rules=("placement", "priority"),
)
DENIED = Decision(
    verdict=Verdict.DENY,
    reason="a test says so",
    violations=(Violation(rule="node-name", path="spec.nodeName", message="no"),),
    rules=("node-name",),
)

HUGE = Decision(
    verdict=Verdict.INJECT,
    reason="a test says so",
    patch=(Operation(op="add", path="/metadata/labels", value="x" * 6_000_000),),
)

BY_NAME = {"huge": HUGE, "allowed": ALLOWED, "injected": INJECTED, "denied": DENIED}


@cache
def policy() -> Policy:
    """Give the policy that is shipped."""
    return policies.load(POLICIES)


def decide(request: Request, _: Policy, __: Stage) -> Decision:
    """Decide by the name of the object; `broken` is a fault of ours."""
    if request.name == "broken":
        raise LookupError("a bug of ours")
    return BY_NAME.get(request.name, ALLOWED)


def body(name: str = "allowed", **more: object) -> bytes:
    """Give the bytes of a review about a pod of that name."""
    request = {
        "uid": f"uid-{name}",
        "kind": {"group": "", "version": "v1", "kind": "Pod"},
        "name": name,
        "namespace": "team-a",
        "operation": "CREATE",
        "userInfo": {"username": "alice"},
        "object": {"metadata": {"name": name}},
        "dryRun": False,
        **more,
    }
    review = {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request}
    return json.dumps(review).encode()


def fault(status: int, found: dict[str, Any] | None) -> str:
    """Give the message of a Status that says what is wrong with a review."""
    assert found is not None
    message: str = found["message"]
    head = {"kind": "Status", "apiVersion": "v1", "status": "Failure"}
    assert found == {**head, "message": message, "code": status}
    return message
