"""What a server knows that watches the cluster: claims for devices, and the nodes of pools."""

import base64
from collections.abc import Iterator

import pytest

from tests.cluster.api import ApiError, Json
from tests.cluster.controlplane import ControlPlane
from tests.cluster.governed.cluster import Namespace, fresh_name
from tests.cluster.governed.manifests import GPU, pod
from tests.cluster.replicas import Replica, prepare, replicas
from tests.cluster.shipped import CRDS, POLICIES, apply_policies
from tests.cluster.waiting import eventually
from tests.cluster.webhook import Webhook
from webhook.core import registration
from webhook.core.cluster import Cluster
from webhook.watch import policies

pytestmark = pytest.mark.cluster

RESOURCES = "/apis/resource.k8s.io/v1"
CHOSEN = "example.com/whole-gpu"
"""The extended resource name that the DeviceClass chose for itself."""
TOLERATION: Json = {"key": GPU, "operator": "Exists", "effect": "NoSchedule"}
SENT = ("pods.gpuclass.io", "bindings.gpuclass.io")


@pytest.fixture(scope="module")
def replica(
    governed: ControlPlane,
    webhook: Webhook,  # noqa: ARG001 # beside it
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Replica]:
    """Give a server that watches the governed control plane, where two DeviceClasses are."""
    prepare(governed)
    apply_policies(governed)
    for name, spec in (("gpu.nvidia.com", {"extendedResourceName": CHOSEN}), ("net.example", {})):
        body = {"apiVersion": "resource.k8s.io/v1", "kind": "DeviceClass"}
        document = {**body, "metadata": {"name": name}, "spec": spec}
        governed.api.request("POST", f"{RESOURCES}/deviceclasses", document)
    with replicas(governed, tmp_path_factory.mktemp("claims"), count=1) as (running,):
        running.wait_ready()
        yield running
    for name in ("gpu.nvidia.com", "net.example"):
        governed.api.request("DELETE", f"{RESOURCES}/deviceclasses/{name}")
    governed.kubectl("delete", "-k", str(CRDS))


@pytest.fixture(scope="module")
def watched(
    governed: ControlPlane,
    webhook: Webhook,
    replica: Replica,
    nodes_of_cluster: tuple[str, ...],  # noqa: ARG001 # some are of pools
) -> Iterator[Namespace]:
    """Have the pods of a namespace decided by that server, and by it alone."""
    team = Namespace(control_plane=governed, name=fresh_name("claims"))
    governed.kubectl("create", "namespace", team.name)
    account = f"/api/v1/namespaces/{team.name}/serviceaccounts/default"
    eventually(lambda: governed.api.is_ready(account), f"a ServiceAccount in {team.name}")
    webhook.configure(team.name)
    made = [_register(team, each) for each in _entries(team, replica)]
    eventually(lambda: "there is no" in tried(team, aiming("later")), "the server to be called")
    yield team
    for each in made:
        governed.api.request("DELETE", each)
    webhook.configure()
    governed.kubectl("delete", "namespace", team.name, "--wait=false")


def _register(team: Namespace, document: Json) -> str:
    path = f"/apis/admissionregistration.k8s.io/v1/{document['kind'].lower()}s"
    team.control_plane.api.request("POST", path, document)
    return f"{path}/{team.name}"


def _entries(team: Namespace, replica: Replica) -> Iterator[Json]:
    """Give the entries for pods, as the controller renders them: it knows the DeviceClasses."""
    knowing = Cluster(extended_resources={CHOSEN: "gpu.nvidia.com"})
    policy = policies.load(POLICIES).knowing(knowing)
    bundle = base64.b64encode((replica.certs / "ca.crt").read_bytes()).decode()
    rendered: list[Json] = list(registration.render(policy, ca_bundle=bundle))
    for each in rendered:
        entries = [_for(team, replica, one) for one in each["webhooks"] if one["name"] in SENT]
        yield {**each, "metadata": {"name": team.name}, "webhooks": entries}


def _for(team: Namespace, replica: Replica, entry: Json) -> Json:
    client = entry["clientConfig"]
    url = f"https://127.0.0.1:{replica.port}{client['service']['path']}"
    return {
        **entry,
        "clientConfig": {"url": url, "caBundle": client["caBundle"]},
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": team.name}},
    }


def claim(name: str, *requests: Json, template: bool = False) -> Json:
    """Give a ResourceClaim, or a template of one."""
    spec: Json = {"devices": {"requests": [{"name": f"r{i}", **r} for i, r in enumerate(requests)]}}
    kind = "ResourceClaimTemplate" if template else "ResourceClaim"
    body = {"apiVersion": "resource.k8s.io/v1", "kind": kind, "metadata": {"name": name}}
    return {**body, "spec": {"spec": spec} if template else spec}


def of(device_class: str, **more: object) -> Json:
    return {"deviceClassName": device_class, **more}


def claiming(name: str, *, template: bool = False, **more: object) -> Json:
    """Give a pod that names a claim or a template, and asks for no GPU otherwise."""
    key = "resourceClaimTemplateName" if template else "resourceClaimName"
    return pod("x", None, None, resourceClaims=[{"name": "d", key: name}], **more)


def aiming(name: str, *, template: bool = False) -> Json:
    return claiming(name, template=template, tolerations=[TOLERATION])


def tried(team: Namespace, manifest: Json) -> str:
    """Try to create a pod by dry-run: the class that it gets, or the words of a refusal."""
    path = f"/api/v1/namespaces/{team.name}/pods?dryRun=All"
    try:
        made = team.control_plane.api.request("POST", path, manifest)
    except ApiError as error:
        return str(error)
    return str(made["metadata"].get("labels", {}).get("gpuclass.io/class", ""))


def test_a_claim_is_a_gpu_by_its_device_class_and_by_nothing_else(watched: Namespace) -> None:
    watched.kubectl("label", "namespace", watched.name, "resource.kubernetes.io/admin-access=true")
    gpu, other = of("gpu.nvidia.com"), of("net.example")
    watched.create(
        claim("exactly", {"exactly": gpu}),
        claim("second", {"exactly": other}, {"exactly": gpu}),
        claim("either", {"firstAvailable": [{"name": "a", **other}, {"name": "b", **gpu}]}),
        claim("template", {"exactly": gpu}, template=True),
        claim("other", {"exactly": other}),
        claim("nothing"),
        claim("watching", {"exactly": {**gpu, "adminAccess": True, "allocationMode": "All"}}),
    )
    for name in ("exactly", "second", "either", "template"):
        assert tried(watched, aiming(name, template=name == "template")) == "general", name
    for name in ("other", "nothing", "watching"):
        said = tried(watched, aiming(name))
        assert "spec.tolerations[0]: tolerates nvidia.com/gpu=present:NoSchedule" in said, name
        assert tried(watched, claiming(name)) == "", name


def test_extended_names_of_a_device_class_are_gpus(watched: Namespace) -> None:
    for name in ("deviceclass.resource.kubernetes.io/gpu.nvidia.com", CHOSEN):
        manifest = pod("x", None, None, tolerations=[TOLERATION])
        manifest["spec"]["containers"][0]["resources"] = {"limits": {name: "1"}}
        assert tried(watched, manifest) == "general", name


@pytest.mark.parametrize("template", [False, True], ids=["claim", "template"])
def test_a_pod_that_aims_does_not_come_before_its_claim(
    watched: Namespace, *, template: bool
) -> None:
    kind = "ResourceClaimTemplate" if template else "ResourceClaim"
    said = tried(watched, aiming("later", template=template))
    assert (
        f"spec.resourceClaims[0]: there is no {kind} later in namespace {watched.name}, so it can "
        "not be told whether the pod asks for a GPU, and it aims at GPU nodes by "
        f"spec.tolerations[0]; create the {kind} first, or drop what aims (rule claim)"
    ) in said
    blanket = claiming("later", template=template, tolerations=[{"operator": "Exists"}])
    assert f"there is no {kind} later" in tried(watched, blanket)
    assert tried(watched, claiming("later", template=template)) == ""


def test_a_pod_that_waits_for_its_claim_gains_no_toleration(watched: Namespace) -> None:
    manifest = claiming("later")
    manifest["metadata"]["name"] = "waiting"
    watched.create(manifest)
    found = watched.get("pod", "waiting")
    found["spec"]["tolerations"].append(TOLERATION)
    assert "there is no ResourceClaim later" in watched.refused(found, command="replace")


def test_a_claim_and_its_pod_may_be_created_in_one_breath(watched: Namespace) -> None:
    api = watched.control_plane.api
    template = claim("at-once", {"exactly": of("gpu.nvidia.com")}, template=True)
    path = f"{RESOURCES}/namespaces/{watched.name}/resourceclaimtemplates"
    api.request("POST", path, template)
    assert tried(watched, claiming("at-once", template=True)) == "general"


def test_a_node_is_a_pool_s_by_what_it_carries_whatever_its_name(watched: Namespace) -> None:
    for asked in (None, 1):
        said = tried(watched, pod("x", None, asked, nodeName="training-1"))
        assert "spec.nodeName: training-1 is " in said
    assert tried(watched, pod("x", None, None, nodeName="cpu-a-1")) == ""
    watched.create(pod("unbound", None, None, schedulerName="nobody"))
    for path in ("pods/unbound/binding", "bindings"):
        assert "training-1 is a node of pool training" in bound(watched, path, "training-1")
    assert bound(watched, "pods/unbound/binding", "cpu-a-1") == ""


def bound(team: Namespace, path: str, node: str) -> str:
    """Bind a pod as somebody who is no scheduler; give the words of a refusal."""
    target = {"apiVersion": "v1", "kind": "Node", "name": node}
    body = {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": "unbound"}}
    address = f"/api/v1/namespaces/{team.name}/{path}"
    try:
        team.control_plane.api.request("POST", address, {**body, "target": target})
    except ApiError as error:
        return str(error)
    return ""
