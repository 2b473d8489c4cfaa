"""The AdmissionReview on the wire: bytes to a request, a decision to bytes.

It follows admission.k8s.io/v1: `uid` is echoed, patch and patchType come together or not at all,
warnings are bounded. It decides nothing, and what it can not read is a `RequestError`.
"""

from collections.abc import Iterable

import msgspec

from webhook.core.decision import Decision, Violation
from webhook.core.errors import RequestError
from webhook.core.text import LONGEST, shown

API_VERSION = "admission.k8s.io/v1"
KIND = "AdmissionReview"

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What decoding raises: no JSON, no UTF-8, of the wrong shape, or nested too deep."""

WARNINGS_LENGTH = 4096
"""Characters of all warnings together that the API server passes on."""
WARNING_LENGTH = 512
"""Characters of one: what is longer holds something that somebody made long."""
MESSAGE_LENGTH = 8192
"""Characters of a refusal; ours are a few hundred, and kubectl and events show it whole."""
AUDIT_LENGTH = 1024
"""Characters of one audit annotation of ours: an event in the audit log is bounded too."""


class _Wire(msgspec.Struct, frozen=True, kw_only=True, rename="camel", gc=False):
    """A JSON object of the admission API."""


class GroupVersionKind(_Wire, frozen=True):
    """meta/v1 GroupVersionKind."""

    group: str = ""
    version: str = ""
    kind: str = ""


class UserInfo(_Wire, frozen=True):
    """authentication.k8s.io/v1 UserInfo: who sent the request."""

    username: str = ""
    groups: tuple[str, ...] | None = None


class Request(_Wire, frozen=True):
    """admission.k8s.io/v1 AdmissionRequest; the objects stay undecoded until a rule needs them."""

    uid: str
    kind: GroupVersionKind
    request_kind: GroupVersionKind | None = None
    sub_resource: str = ""
    name: str = ""
    namespace: str = ""
    operation: str = ""
    user_info: UserInfo = UserInfo()
    object: msgspec.Raw = msgspec.Raw(b"null")
    old_object: msgspec.Raw = msgspec.Raw(b"null")
    dry_run: bool | None = None


class _Envelope(_Wire, frozen=True):
    """The review around the request."""

    api_version: str = ""
    kind: str = ""
    request: Request | None = None


_decode = msgspec.json.Decoder(_Envelope).decode
_encode = msgspec.json.Encoder().encode


def read(body: bytes) -> Request:
    """Read the request of an AdmissionReview v1; raise RequestError that says what is wrong."""
    try:
        envelope = _decode(body)
    except UNREADABLE as error:
        raise RequestError(f"the body is no AdmissionReview: {error}") from error
    if (envelope.api_version, envelope.kind) != (API_VERSION, KIND):
        found = f"{envelope.api_version or 'no apiVersion'} {envelope.kind or 'no kind'}"
        raise RequestError(f"expected {API_VERSION} {KIND}, found {found}")
    if envelope.request is None or not envelope.request.uid:
        raise RequestError(f"the {KIND} has no request with a uid")
    return envelope.request


def write(uid: str, decision: Decision) -> bytes:
    """Write the AdmissionReview that answers request `uid` with `decision`."""
    response: dict[str, object] = {"uid": uid, "allowed": decision.allowed}
    if not decision.allowed:
        response["status"] = {
            "status": "Failure",
            "code": 403,
            "reason": "Forbidden",
            "message": message(decision),
        }
    elif decision.patch:
        response["patchType"] = "JSONPatch"
        response["patch"] = _encode(decision.patch)  # bytes: base64 on the wire
    if decision.warnings:
        response["warnings"] = list(bounded(decision.warnings))
    if decision.would_change or decision.would_refuse:
        response["auditAnnotations"] = audit_annotations(decision)
    return _encode({"apiVersion": API_VERSION, "kind": KIND, "response": response})


def audit_annotations(decision: Decision) -> dict[str, str]:
    """Give what rules in mode Audit would have done, for the API server's audit log.

    The API server puts the webhook entry's name and a slash before each key.
    """
    refusals = "; ".join(f"{v.path}: {v.message} (rule {v.rule})" for v in decision.would_refuse)
    found = {
        "class": decision.gpu_class or "",
        "would-change": ", ".join(decision.would_change),
        "would-refuse": refusals,
    }
    return {key: shown(value, AUDIT_LENGTH) for key, value in found.items() if value}


def message(decision: Decision) -> str:
    """Say every violation, a line each: `spec.tolerations[0]: what, and what to do (rule)`.

    Text of the object is in them: each is on its line, and so long at most that a few fit in.
    """
    lines = [_line(each) for each in decision.violations]
    if len(lines) == 1:
        return lines[0]
    left, told = MESSAGE_LENGTH, [""]
    for number, line in enumerate(lines):
        left -= len(line)
        if left < 0:
            told.append(f"and {len(lines) - number} more")
            break
        told.append(f"- {line}")
    return "\n".join(told)


def _line(violation: Violation) -> str:
    what = shown(violation.message, LONGEST)
    return f"{shown(violation.path, LONGEST)}: {what} (rule {violation.rule})"


def bounded(warnings: Iterable[str]) -> Iterable[str]:
    """Give each warning once, within what the API server passes on in all."""
    left = WARNINGS_LENGTH
    for warning in dict.fromkeys(shown(each, WARNING_LENGTH) for each in warnings):
        if len(warning) > left:
            return
        left -= len(warning)
        yield warning
