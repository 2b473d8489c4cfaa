"""Labels that a kubelet may set on itself, by the lists in the sources of Kubernetes."""

import pytest

from webhook.core.node_restriction import may_set_itself


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("gpu-type", True),
        ("node-role", True),
        ("nvidia.com/gpu.present", True),
        ("example.com/kubernetes.io", True),
        ("notkubernetes.io/a", True),
        ("kubernetes.io/hostname", True),
        ("topology.kubernetes.io/zone", True),
        ("node.kubernetes.io/instance-type", True),
        ("node.kubernetes.io/anything", True),
        ("a.kubelet.kubernetes.io/anything", True),
        ("node-role.kubernetes.io/gpu", False),
        ("gpu.node-restriction.kubernetes.io/pool", False),
        ("node-restriction.kubernetes.io/pool", False),
        ("kubernetes.io/role", False),
        ("k8s.io/a", False),
        ("a.k8s.io/b", False),
    ],
)
def test_a_kubelet_may_set_what_is_its_own_or_nobodys(key: str, *, expected: bool) -> None:
    assert may_set_itself(key) is expected
