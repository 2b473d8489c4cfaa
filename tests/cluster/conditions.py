"""Asking the real API server whether a write would be sent to us: one entry, one namespace.

Each entry of the registration is registered alone, for a namespace of its own, failing closed, with
a Service behind which nobody listens: what is sent fails, what is not sent passes. So one dry-run
is one evaluation of the conditions, by the very code that evaluates them in production.
"""

import json
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace

import msgspec

from tests.cli.shipped import policy
from tests.cluster.api import ApiError, Json
from tests.cluster.components import ADMIN_GROUPS
from tests.cluster.controlplane import ControlPlane
from tests.cluster.waiting import eventually
from webhook.core import registration
from webhook.core.decide import decide
from webhook.core.policy.policy import Policy
from webhook.core.registration import Service
from webhook.core.review import GroupVersionKind, Request, UserInfo
from webhook.core.subject.case import Stage

REGISTRATIONS = "/apis/admissionregistration.k8s.io/v1"
ENTRIES = ("Mutating/pods", "Mutating/workloads", "Validating/pods", "Validating/warnings")
CUSTOM_ENTRIES = ("Mutating/custom-workloads", "Validating/custom-warnings")
"""Those of the kinds that a policy lists; JobSet has to be installed."""
BINDINGS = "Validating/bindings"
"""Of pods to nodes: a kind of its own."""
SETUP = "gpuclass-test-setup"
"""A user whom the tested policy exempts: it makes what the tests then write again."""

_PROBE: Json = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"generateName": "probe-"},
    "spec": {
        "containers": [
            {"name": "main", "image": "app:1", "resources": {"limits": {"nvidia.com/TU102": 1}}},
            {"name": "gpu", "image": "app:1", "resources": {"limits": {"nvidia.com/gpu": 1}}},
        ]
    },
}
_WORKLOAD: Json = {
    "apiVersion": "apps/v1",
    "kind": "ReplicaSet",
    "metadata": {"generateName": "probe-", "annotations": {"gpu-class": "training"}},
    "spec": {
        "selector": {"matchLabels": {"app": "probe"}},
        "template": {
            "metadata": {"labels": {"app": "probe"}},
            "spec": {"containers": [{"name": "main", "image": "app:1"}]},
        },
    },
}

_CUSTOM: Json = {
    "apiVersion": "jobset.x-k8s.io/v1alpha2",
    "kind": "JobSet",
    "metadata": {"generateName": "probe-", "annotations": {"gpu-class": "training"}},
    "spec": {"replicatedJobs": []},
}


def binding(pod: str, node: str = "cpu-1") -> Json:
    """Give the binding of a pod to a node."""
    body = {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": pod}}
    return {**body, "target": {"apiVersion": "v1", "kind": "Node", "name": node}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """One entry of the registration, alone in its namespace."""

    control_plane: ControlPlane
    entry: str
    namespace: str

    def sends(self, method: str, path: str, body: Json, content_type: str = "") -> bool:
        """Tell whether the API server would send a write; other refusals are raised."""
        separator = "&" if "?" in path else "?"
        address = f"{path}{separator}dryRun=All"
        try:
            self.control_plane.api.request(method, address, body, content_type)
        except ApiError as error:
            if "failed calling webhook" in str(error):
                return True
            raise
        return False

    def sends_pod(self, manifest: Json) -> bool:
        """Tell whether the creation of a pod would be sent."""
        return self.sends("POST", f"/api/v1/namespaces/{self.namespace}/pods", manifest)

    def sends_as(self, user: str, groups: tuple[str, ...], *arguments: str, text: str = "") -> bool:
        """Tell whether what a user does with kubectl would be sent."""
        answer = self.control_plane.kubectl(
            "--namespace",
            self.namespace,
            *arguments,
            "--dry-run=server",
            input=text or None,
            check=False,
            as_=self.control_plane.kubeconfig_for(user, (*groups, *ADMIN_GROUPS)),
        )
        if answer.returncode == 0:
            return False
        assert "failed calling webhook" in answer.stderr, answer.stderr
        return True

    def acts(self, new: Json, old: Json | None) -> bool:
        """Tell whether a decision by the shipped policy would change or refuse a write."""
        group, _, version = new["apiVersion"].rpartition("/")
        request = Request(
            uid="1",
            kind=GroupVersionKind(group=group, version=version, kind=new["kind"]),
            namespace=self.namespace,
            operation="UPDATE" if old else "CREATE",
            user_info=UserInfo(username="admin", groups=("system:masters",)),
            object=msgspec.Raw(json.dumps(new).encode()),
            old_object=msgspec.Raw(json.dumps(old).encode()),
        )
        decision = decide(request, policy(), Stage.MUTATE)
        return bool(decision.patch or decision.violations)

    def make(self, manifest: Json) -> Json:
        """Create an object that is never sent, since its author is exempt."""
        answer = self.control_plane.kubectl(
            *("--namespace", self.namespace, "create", "-f", "-", "-o", "json"),
            input=json.dumps(manifest),
            as_=self.control_plane.kubeconfig_for(SETUP, ADMIN_GROUPS),
        )
        made: Json = json.loads(answer.stdout)
        return made


@contextmanager
def gates(
    control_plane: ControlPlane, policy: Policy, entries: tuple[str, ...] = ENTRIES
) -> Iterator[Mapping[str, Gate]]:
    """Register each entry for a namespace of its own, and take all that away again.

    Never that of our own kinds, which lie in no namespace.
    """
    exempt = replace(policy.exempt, users=policy.exempt.users | {SETUP})
    tag, api = uuid.uuid4().hex[:8], control_plane.api
    found = {
        name: Gate(
            control_plane=control_plane,
            entry=name,
            namespace=f"{name.replace('/', '-').lower()}-{tag}",
        )
        for name in entries
    }
    paths: list[str] = []
    _make_service(control_plane, f"nobody-{tag}")
    service = Service(namespace=f"nobody-{tag}", name="nobody")
    for document in registration.render(replace(policy, exempt=exempt), service=service):
        for entry in document["webhooks"]:  # type: ignore[union-attr]
            if _called(document, entry) not in found:  # type: ignore[arg-type]
                continue
            made, gate = _alone(document, entry, found)  # type: ignore[arg-type]
            _make_namespace(control_plane, gate.namespace)
            paths.append(f"{REGISTRATIONS}/{made['kind'].lower()}s")
            api.request("POST", paths[-1], made)
            paths[-1] += f"/{gate.namespace}"
    try:
        for gate in found.values():
            _await(gate)
        yield found
    finally:
        for path in paths:
            api.request("DELETE", path)
        for name in (*(gate.namespace for gate in found.values()), f"nobody-{tag}"):
            api.request("DELETE", f"/api/v1/namespaces/{name}")


def _alone(document: Json, entry: Json, found: Mapping[str, Gate]) -> tuple[Json, Gate]:
    """Give a configuration of one entry, narrowed to the namespace of its gate."""
    gate = found[_called(document, entry)]
    here: Json = {
        "key": "kubernetes.io/metadata.name",
        "operator": "In",
        "values": [gate.namespace],
    }
    selector = [*entry["namespaceSelector"]["matchExpressions"], here]
    narrowed = {
        **entry,
        "failurePolicy": "Fail",
        "namespaceSelector": {"matchExpressions": selector},
    }
    return {**document, "metadata": {"name": gate.namespace}, "webhooks": [narrowed]}, gate


def _called(document: Json, entry: Json) -> str:
    kind = document["kind"].removesuffix("WebhookConfiguration")
    return f"{kind}/{entry['name'].partition('.')[0]}"


def _await(gate: Gate) -> None:
    """Wait until the API server has taken the entry into use."""
    core, apps = (
        f"/api/v1/namespaces/{gate.namespace}",
        f"/apis/apps/v1/namespaces/{gate.namespace}",
    )
    jobsets = f"/apis/jobset.x-k8s.io/v1alpha2/namespaces/{gate.namespace}/jobsets"
    if gate.entry in CUSTOM_ENTRIES:
        eventually(lambda: gate.sends("POST", jobsets, _CUSTOM), gate.entry)
    elif gate.entry == BINDINGS:
        eventually(lambda: gate.sends("POST", f"{core}/bindings", binding("nobody")), gate.entry)
    elif gate.entry.endswith("workloads"):
        eventually(lambda: gate.sends("POST", f"{apps}/replicasets", _WORKLOAD), gate.entry)
    else:
        eventually(lambda: gate.sends("POST", f"{core}/pods", _PROBE), gate.entry)


def _make_namespace(control_plane: ControlPlane, name: str) -> None:
    api = control_plane.api
    body: Json = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    api.request("POST", "/api/v1/namespaces", body)
    account = f"/api/v1/namespaces/{name}/serviceaccounts/default"
    eventually(lambda: api.is_ready(account), f"a ServiceAccount in {name}")


def _make_service(control_plane: ControlPlane, namespace: str) -> None:
    """Make a Service with an address at which nobody listens: a call fails at once."""
    _make_namespace(control_plane, namespace)
    service: Json = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "nobody"},
        "spec": {"ports": [{"port": 443}]},
    }
    control_plane.api.request("POST", f"/api/v1/namespaces/{namespace}/services", service)
