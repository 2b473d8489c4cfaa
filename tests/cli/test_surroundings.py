"""What `review` learns of the cluster from the manifests that it is given."""

from tests.cli.reviewing import Review

GPU_POD = """\
apiVersion: v1
kind: Pod
metadata: {name: p, namespace: team}
spec: {containers: [{name: c, image: i, resources: {limits: {nvidia.com/gpu: 1}}}]}
"""
NAMESPACE = """\
apiVersion: v1
kind: Namespace
metadata: {name: team, annotations: {gpu-class: training}}
"""
BOUND = """\
apiVersion: v1
kind: Pod
metadata: {name: p, namespace: team}
spec: {nodeName: m1, containers: [{name: c, image: i}]}
"""
NODE = """\
apiVersion: v1
kind: Node
metadata: {name: m1, labels: {nvidia.com/gpu.present: "true", gpu-type: training}}
"""
CLASS_NAMED_GPU = """\
apiVersion: resource.k8s.io/v1
kind: DeviceClass
metadata: {name: gpu.nvidia.com}
spec: {extendedResourceName: example.com/gpu}
"""


def first_line(review: Review, *texts: str) -> str:
    _, out, err = review(**{f"m{index}": text for index, text in enumerate(texts)})
    assert err == []
    return out[0]


def test_namespace_among_the_manifests_gives_its_pods_their_class(review: Review) -> None:
    assert first_line(review, GPU_POD, NAMESPACE).endswith(
        "inject: class training, from the annotation gpu-class of its namespace"
    )
    assert first_line(review, GPU_POD).endswith("inject: class general, the policy's default")


def test_node_among_the_manifests_is_known_by_its_labels(review: Review) -> None:
    assert first_line(review, BOUND, NODE).endswith("Pod team/p: deny: asks for no GPU")
    assert first_line(review, BOUND).endswith("Pod team/p: allow: asks for no GPU")


def test_device_class_among_the_manifests_names_a_gpu(review: Review) -> None:
    asking = GPU_POD.replace("nvidia.com/gpu:", "example.com/gpu:")
    assert first_line(review, asking, CLASS_NAMED_GPU).endswith("the policy's default")
    assert first_line(review, asking).endswith("Pod team/p: allow: asks for no GPU")


def test_node_that_can_not_be_read_is_a_fault_with_its_line(review: Review) -> None:
    broken = "apiVersion: v1\nkind: Node\nmetadata: {name: m1}\nspec:\n  taints: [{key: 5}]\n"
    code, _, err = review(m=broken)
    assert (code, err) == (2, ["m.yaml:5: spec.taints[0].key: expected text, found a whole number"])
