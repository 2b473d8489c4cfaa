"""What is fuzzed: each reads bytes, and raises where a promise is broken."""

import contextlib
import io
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeAlias

import msgspec
import yaml

from tests import oracle
from tests.cluster.simulation import POOLS
from tests.core.given import shipped
from tests.core.policy.pure import assert_read_alike
from webhook.cli import manifests
from webhook.cli.judging import judge
from webhook.cli.manifests import Manifest
from webhook.core.cluster import Cluster, read_node
from webhook.core.decide import decide
from webhook.core.errors import Fault, PolicyError
from webhook.core.patch import JSON, Operation, apply, diff
from webhook.core.policy import decode
from webhook.core.policy.policy import Policy, compile_policy
from webhook.core.review import UNREADABLE
from webhook.core.subject.case import Stage
from webhook.serve.answer import Answer, Answerer, Failure

Json: TypeAlias = dict[str, Any]

POLICIES = Path(__file__).parents[2] / "policies"
GPU_WORDS = ("gpu", "mig", "nvidia", "amd.com", "habana", "deviceclass")
"""In the name of a resource: whoever asks for one may be asking for a GPU."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A reader of bytes, and real inputs to begin with."""

    name: str
    inputs: Callable[[], tuple[bytes, ...]]
    run: Callable[[bytes], None]


def _nodes() -> Iterator[Json]:
    """Give a node of each shipped pool, and CPU nodes."""
    for name, pool in POOLS.items():
        metadata = {"name": f"{name}-1", "labels": dict(pool.labels)}
        yield {"metadata": metadata, "spec": {"taints": list(pool.taints)}}


@cache
def _known() -> Policy:
    nodes = {each["metadata"]["name"]: read_node(each) for each in _nodes()}
    return shipped().knowing(Cluster(nodes=nodes))


@cache
def _inputs_of_cases() -> tuple[Json, ...]:
    """Give every object of the shipped cases."""
    found: list[Json] = []
    for path in sorted((POLICIES / "cases").glob("*.yaml")):
        for case in yaml.safe_load_all(path.read_text(encoding="utf-8")):
            given = (case or {}).get("input") or []
            found += given if isinstance(given, list) else [given]
    return tuple(found)


@cache
def _reviews() -> tuple[bytes, ...]:
    return tuple(_review(each) for each in _inputs_of_cases())


def _review(document: Json) -> bytes:
    group, _, version = str(document.get("apiVersion", "")).rpartition("/")
    request = {
        "uid": "u",
        "kind": {"group": group, "version": version, "kind": document.get("kind")},
        "namespace": "team-a",
        "operation": "CREATE",
        "userInfo": {"username": "alice", "groups": ["system:authenticated"]},
        "object": document,
    }
    head = {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview"}
    return json.dumps({**head, "request": request}, default=str).encode()


def _answer(body: bytes, stage: Stage) -> Answer:
    """Ask as the server does: no input is a fault of ours, and every answer is JSON."""
    answer = Answerer(decide, _known).answer(body, stage)
    if answer.failure is Failure.INTERNAL:
        raise AssertionError("an internal fault") from answer.fault
    msgspec.json.decode(answer.body)
    return answer


def run_review(body: bytes) -> None:
    """Answer a review at both stages; what the first one patches is handed to the second."""
    _answer(body, Stage.VALIDATE)
    answer = _answer(body, Stage.MUTATE)
    request, decision = answer.request, answer.decision
    if request is None or decision is None or not _is_text(body):
        return
    document: JSON = msgspec.json.decode(request.object)
    after = apply(decision.patch, document)
    if not decision.allowed or not _is_ordinary(answer) or not isinstance(after, dict):
        return
    review = msgspec.json.decode(body)
    review["request"]["object"] = after
    last = _answer(msgspec.json.encode(review), Stage.VALIDATE).decision
    if last is not None and last.allowed:
        reached = _reached(after)
        assert not reached, f"a pod without a GPU may run on {', '.join(reached)}"


def _is_text(body: bytes) -> bool:
    """Tell whether a body is UTF-8: what is skipped in reading is not looked at."""
    try:
        msgspec.json.decode(body)
    except (UnicodeDecodeError, msgspec.DecodeError):
        return False
    return True


def _is_ordinary(answer: Answer) -> bool:
    """Tell whether somebody whom no rule exempts creates a pod."""
    request = answer.request
    return (
        request is not None
        and (request.kind.group, request.kind.kind) == ("", "Pod")
        and (request.operation, request.sub_resource) == ("CREATE", "")
        and (request.namespace, request.user_info.username) == ("team-a", "alice")
        and request.user_info.groups == ("system:authenticated",)
    )


def _reached(pod: Any) -> list[str]:  # noqa: ANN401 # whatever was sent
    """Give the GPU nodes that a pod may run on without asking for a GPU."""
    try:
        if any(word in name for name in _asked(pod) for word in GPU_WORDS):
            return []
        found = [each for each in _nodes() if oracle.may_run(pod, each)]
    except (AssertionError, AttributeError, IndexError, KeyError, TypeError):
        return []  # No API server has such a pod.
    return [name for each in found if (name := each["metadata"]["name"])[:3] != "cpu"]


def _asked(pod: Json) -> Iterator[str]:
    spec = pod["spec"]
    if spec.get("resourceClaims"):
        yield "deviceclass"
    for each in [*(spec.get("containers") or []), *(spec.get("initContainers") or [])]:
        resources = each.get("resources") or {}
        yield from (*(resources.get("limits") or {}), *(resources.get("requests") or {}))


def run_policy(content: bytes) -> None:
    """Read documents strictly, as PyYAML alone reads them: faults, or a policy."""
    for text in _texts(content):
        assert_read_alike(text)
        documents, _ = decode.read(text, "p.yaml")
        with contextlib.suppress(PolicyError):
            compile_policy(documents)


def _texts(content: bytes) -> Iterable[str]:
    return content.decode("utf-8", "replace"), content.decode("utf-8", "surrogateescape")


@cache
def _policies() -> tuple[bytes, ...]:
    whole = sorted(each for each in POLICIES.rglob("*.yaml") if "cases" not in each.parts)
    return tuple(each.read_bytes() for each in whole)


@cache
def _manifests() -> tuple[bytes, ...]:
    return tuple(yaml.safe_dump(each).encode() for each in _inputs_of_cases())


def run_manifest(content: bytes) -> None:
    """Read manifests as kubectl does, and judge them."""
    for found in manifests.read(["-"], io.BytesIO(content)):
        judged = judge(found, _known()) if isinstance(found, Manifest) else found
        assert isinstance(judged, Fault) or judged.pod_after is not None


@cache
def _pairs() -> tuple[bytes, ...]:
    """Give each object of the cases beside itself, of which one is spoilt, and beside the next."""
    found = _inputs_of_cases()
    pairs = (*zip(found, found, strict=True), *pairwise(found))
    return tuple(json.dumps(each, default=str).encode() for each in pairs)


def run_patch(content: bytes) -> None:
    """Compare two documents of any shape: applied to the first, the patch gives the second."""
    try:
        before, after = msgspec.json.decode(content, type=tuple[Any, Any])
    except UNREADABLE:
        return
    with contextlib.suppress(RecursionError):
        operations = diff(before, after)
        sent = msgspec.json.decode(msgspec.json.encode(operations), type=tuple[Operation, ...])
        assert _written(apply(sent, before)) == _written(after)


def _written(value: JSON) -> bytes:
    """Write a document so that 1, 1.0 and true are three things and the order of keys is none."""
    return msgspec.json.encode(value, order="sorted")


TARGETS = (
    Target(name="review", inputs=_reviews, run=run_review),
    Target(name="patch", inputs=_pairs, run=run_patch),
    Target(name="policy", inputs=_policies, run=run_policy),
    Target(name="manifest", inputs=_manifests, run=run_manifest),
)
