"""Small policies, pods and requests, and the shortest way to ask what is decided about them.

Objects are plain JSON as they come from the API server.
"""

from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, TypeAlias

import msgspec

from webhook.core.decide import decide
from webhook.core.decision import Decision, Verdict
from webhook.core.patch import JSON, apply
from webhook.core.pod import Pod
from webhook.core.policy import decode
from webhook.core.policy.policy import Policy, compile_policy
from webhook.core.review import GroupVersionKind, Request, UserInfo
from webhook.core.subject.case import Stage
from webhook.watch.files import load

Json: TypeAlias = dict[str, Any]

DAEMON_SET_CONTROLLER = "system:serviceaccount:kube-system:daemon-set-controller"
NAMESPACE = "team-a"
CLUSTER = "defaultClass: general"
"""What a GPUPolicy says unless a test says otherwise."""


@cache
def shipped() -> Policy:
    """Give the policy that is shipped."""
    documents, faults = load(Path(__file__).parents[2] / "policies")
    assert not faults
    return compile_policy(documents)


@lru_cache(maxsize=1024)
def policy(documents: str = "", cluster: str = CLUSTER) -> Policy:
    """Compile a policy: a GPUPolicy whose spec is `cluster` (YAML), and more documents.

    Without further documents the pools and classes are those that are shipped.
    """
    read, faults = decode.read(f"{documents or _shipped_text()}\n---\n{_cluster(cluster)}", "given")
    assert not faults, faults
    return compile_policy(read)


def _cluster(spec: str) -> str:
    return (
        "apiVersion: gpuclass.io/v1alpha1\nkind: GPUPolicy\nmetadata: {name: cluster}\n"
        f"spec: {{{spec}}}\n"
    )


@cache
def _shipped_text() -> str:
    folder = Path(__file__).parents[2] / "policies"
    files = [*folder.glob("pools/*.yaml"), *folder.glob("classes/*.yaml")]
    files = [each for each in files if each.name != "kustomization.yaml"]
    return "\n---\n".join(each.read_text() for each in [*files, folder / "priorityclasses.yaml"])


def pool(name: str, selector: str, taints: str = "", more: str = "") -> str:
    """Write a GPUNodePool; `selector` and `more` are the insides of YAML flow mappings."""
    return _document(
        "GPUNodePool", name, f"selector: {{{selector}}}, taints: [{taints}]{_tail(more)}"
    )


def gpu_node(name: str, pool_name: str) -> str:
    """Write a GPUNode."""
    return _document("GPUNode", name, f"pool: {pool_name}")


def gpu_class(name: str, pools: str, more: str = "") -> str:
    """Write a GPUClass; `pools` are the insides of a YAML flow sequence."""
    return _document("GPUClass", name, f"pools: [{pools}]{_tail(more)}")


def priority_class(name: str, value: int, more: str = "") -> str:
    """Write a PriorityClass."""
    fields = f"apiVersion: scheduling.k8s.io/v1, kind: PriorityClass, metadata: {{name: {name}}}"
    return f"---\n{{{fields}, value: {value}{_tail(more)}}}\n"


def _document(kind: str, name: str, spec: str) -> str:
    head = f"apiVersion: gpuclass.io/v1alpha1, kind: {kind}, metadata: {{name: {name}}}"
    return f"---\n{{{head}, spec: {{{spec}}}}}\n"


def _tail(more: str) -> str:
    return f", {more}" if more else ""


def cpu_pod(annotations: Mapping[str, str] | None = None, **spec: object) -> Json:
    """Give a pod that asks for no GPU; `spec` are further fields of its spec."""
    metadata: Json = {"name": "p", "namespace": NAMESPACE}
    if annotations is not None:
        metadata["annotations"] = dict(annotations)
    containers = [{"name": "c", "image": "example.com/c:1"}]
    return {"metadata": metadata, "spec": {"containers": containers, **spec}}


def gpu_pod(
    named: str | None = None, annotations: Mapping[str, str] | None = None, **spec: object
) -> Json:
    """Give a pod that asks for one GPU, of class `named`."""
    limits = {"resources": {"limits": {"cpu": "4", "memory": "16Gi", "nvidia.com/gpu": "1"}}}
    own = {"gpu-class": named} if named else {}
    both = {**own, **(annotations or {})} if named or annotations is not None else None
    return cpu_pod(both, **{"containers": [{"name": "c", **limits}], **spec})


def request(
    document: object,
    *,
    old: object = None,
    kind: str = "Pod",
    user: str = "alice",
    groups: tuple[str, ...] = (),
    namespace: str = NAMESPACE,
    sub_resource: str = "",
) -> Request:
    """Give the request that creates an object, or updates it where `old` is given."""
    found = GroupVersionKind(group=_GROUPS.get(kind, "apps"), version="v1", kind=kind)
    return Request(
        uid="u",
        kind=found,
        namespace=namespace,
        sub_resource=sub_resource,
        operation="CREATE" if old is None else "UPDATE",
        user_info=UserInfo(username=user, groups=groups),
        object=msgspec.Raw(msgspec.json.encode(document)),
        old_object=msgspec.Raw(msgspec.json.encode(old)),
    )


_GROUPS = {
    "Pod": "",
    "Binding": "",
    "Node": "",
    "ReplicationController": "",
    "Job": "batch",
    "CronJob": "batch",
}


def mutate(asked: Request | Json, by: Policy | None = None) -> Decision:
    """Decide as the mutating webhook does; a bare object is created by `alice`."""
    return decide(_asked(asked), by or shipped(), Stage.MUTATE)


def validate(asked: Request | Json, by: Policy | None = None) -> Decision:
    """Decide as the validating webhook does."""
    return decide(_asked(asked), by or shipped(), Stage.VALIDATE)


def _asked(asked: Request | Json) -> Request:
    return asked if isinstance(asked, Request) else request(asked)


def patched(asked: Request | Json, by: Policy | None = None) -> Json:
    """Give the object as it is after mutation; it must be let in."""
    decision = mutate(asked, by)
    assert decision.allowed, decision.violations
    sent: JSON = msgspec.json.decode(_asked(asked).object)
    result = apply(decision.patch, sent)
    assert isinstance(result, dict)
    return result


def admitted(document: Json, by: Policy | None = None) -> Json:
    """Give a pod as it is stored: mutated, then completed by the Priority plug-in."""
    result = patched(document, by)
    if result["spec"].get("priority") is None:
        result["spec"]["priority"] = 0
    return result


def assert_untouched(asked: Request | Json, by: Policy | None = None) -> Decision:
    """Assert that an object is let in as it is, at both stages; give what mutation says."""
    for stage in (validate, mutate):
        decision = stage(asked, by)
        assert decision.verdict is Verdict.ALLOW, decision
        assert decision.patch == ()
    return decision


def refusals(decision: Decision) -> list[tuple[str, str, str]]:
    """Give every violation as rule, path and message."""
    assert (decision.verdict is Verdict.DENY) == bool(decision.violations)
    return [(each.rule, each.path, each.message) for each in decision.violations]


def places(decision: Decision) -> list[str]:
    """Give the paths of the violations."""
    return [path for _, path, _ in refusals(decision)]


def pod(document: Json) -> Pod:
    """Give the pod that rules read."""
    return msgspec.convert(document, Pod)
