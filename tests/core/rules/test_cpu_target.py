"""Rule `cpu-target`: a pod that asks for no GPU must not aim at GPU nodes."""

import pytest

from tests.core.given import (
    Json,
    assert_untouched,
    cpu_pod,
    gpu_class,
    mutate,
    places,
    policy,
    pool,
    refusals,
    request,
    shipped,
    validate,
)
from tests.core.shapes import REQUIRED, preferred, required, requirement, term
from webhook.core.cluster import Cluster, Node

TERMS = (
    "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms"
)
INSTEAD = (
    "but the pod asks for no GPU; drop it, ask for a GPU, "
    "or have its namespace exempted (GPUPolicy spec.exempt)"
)
ALL = "pools development, production, training, worker"
KEY = "nvidia.com/gpu"


def fields(*requirements: str) -> Json:
    return {"matchFields": [requirement(each) for each in requirements]}


@pytest.mark.parametrize(
    ("spec", "path", "aim"),
    [
        pytest.param(
            {"nodeName": "gpu-prod-1"},
            "spec.nodeName",
            "gpu-prod-1 is a node of pool production",
            id="node-name",
        ),
        pytest.param(
            {"nodeSelector": {"gpu-type": "training"}},
            'spec.nodeSelector["gpu-type"]',
            "gpu-type=training selects nodes of pool training",
            id="label-of-a-selector",
        ),
        pytest.param(
            {"nodeSelector": {"node-role": "gpu-dev"}},
            'spec.nodeSelector["node-role"]',
            "node-role=gpu-dev selects nodes of pool development",
            id="further-label",
        ),
        pytest.param(
            {"nodeSelector": {"nvidia.com/gpu.present": "true"}},
            'spec.nodeSelector["nvidia.com/gpu.present"]',
            f"nvidia.com/gpu.present=true selects nodes of {ALL}",
            id="label-of-every-pool",
        ),
        pytest.param(
            {"affinity": required(term("zone In a"), term("zone In b", "gpu-type In x training"))},
            f"{TERMS}[1].matchExpressions[1]",
            "gpu-type In [x, training] selects nodes of pool training",
            id="one-of-two-terms",
        ),
        pytest.param(
            {"affinity": required(term("gpu-type Exists", "node-role NotIn gpu-dev"))},
            f"{TERMS}[0].matchExpressions[0]",
            "gpu-type Exists selects nodes of pools production, training",
            id="exists-less-what-its-term-excludes",
        ),
        pytest.param(
            {"affinity": required(fields("metadata.name In cpu-1 gpu-dev-7"))},
            f"{TERMS}[0].matchFields[0]",
            "metadata.name In [cpu-1, gpu-dev-7] names nodes of pool development",
            id="name-in-a-field",
        ),
        pytest.param(
            {"tolerations": [{"key": KEY, "operator": "Exists"}]},
            "spec.tolerations[0]",
            f"tolerates nvidia.com/gpu=present:NoSchedule of {ALL}",
            id="toleration-of-a-key",
        ),
        pytest.param(
            {
                "tolerations": [
                    {"key": "x", "operator": "Exists"},
                    {"key": "gpu-type", "value": "training", "effect": "NoSchedule"},
                ]
            },
            "spec.tolerations[1]",
            "tolerates gpu-type=training:NoSchedule of pool training",
            id="toleration-of-a-value-without-the-other-taint",
        ),
        pytest.param(
            {"tolerations": [{"key": "gpu-type", "operator": "Exists", "effect": ""}]},
            "spec.tolerations[0]",
            "tolerates gpu-type=development:NoSchedule, gpu-type=production:NoSchedule, "
            "gpu-type=training:NoSchedule of pools development, production, training",
            id="toleration-of-several-values",
        ),
    ],
)
def test_field_that_aims_is_refused(spec: Json, path: str, aim: str) -> None:
    for decide in (mutate, validate):
        decision = decide(cpu_pod(None, **spec))
        assert refusals(decision) == [("cpu-target", path, f"{aim}, {INSTEAD}")]
        assert decision.patch == ()


def test_every_field_that_aims_is_named_at_once() -> None:
    document = cpu_pod(
        nodeName="gpu-dev-1",
        nodeSelector={"gpu-type": "development", "zone": "a", "node-role": "gpu-dev"},
        affinity=required(term("gpu-type In development"), fields("metadata.name In gpu-dev-1")),
        tolerations=[{"key": KEY, "operator": "Exists"}, {"key": "gpu-type", "operator": "Exists"}],
    )
    assert places(mutate(document)) == [
        "spec.nodeName",
        'spec.nodeSelector["gpu-type"]',
        'spec.nodeSelector["node-role"]',
        f"{TERMS}[0].matchExpressions[0]",
        f"{TERMS}[1].matchFields[0]",
        "spec.tolerations[0]",
        "spec.tolerations[1]",
    ]


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param({"nodeName": "cpu-1"}, id="another-node"),
        pytest.param({"nodeSelector": {"gpu-type": "none"}}, id="another-value"),
        pytest.param({"nodeSelector": {"kubernetes.io/arch": "amd64"}}, id="a-generic-key"),
        pytest.param({"nodeSelector": None, "affinity": None, "tolerations": None}, id="nulls"),
        pytest.param({"affinity": {"nodeAffinity": None}}, id="no-node-affinity"),
        pytest.param({"affinity": {"nodeAffinity": {REQUIRED: None}}}, id="nothing-required"),
        pytest.param({"affinity": required({})}, id="an-empty-term"),
        pytest.param({"affinity": required(term("gpu-type NotIn training"))}, id="not-in"),
        pytest.param({"affinity": required(term("gpu-type DoesNotExist"))}, id="absence"),
        pytest.param({"affinity": required(term("gpu-type In a b"))}, id="in-other-values"),
        pytest.param({"affinity": required(term("gpu-type Gt 5"))}, id="no-number"),
        pytest.param(
            {"affinity": required(term("gpu-type Exists", "gpu-type In none", "node-role In no"))},
            id="a-term-that-no-pool-meets",
        ),
        pytest.param({"affinity": required(fields("metadata.name In cpu-1"))}, id="other-name"),
        pytest.param({"affinity": required(fields("metadata.name NotIn gpu-dev-1"))}, id="not-it"),
        pytest.param({"affinity": required(fields("metadata.uid In gpu-dev-1"))}, id="other-field"),
        pytest.param({"tolerations": [{"key": KEY, "value": "true"}]}, id="value-mismatch"),
        pytest.param({"tolerations": [{"key": KEY}]}, id="no-value"),
        pytest.param(
            {"tolerations": [{"key": KEY, "operator": "Exists", "effect": "NoExecute"}]},
            id="effect-mismatch",
        ),
        pytest.param(
            {"tolerations": [{"key": KEY, "operator": "Exists", "effect": "PreferNoSchedule"}]},
            id="soft-effect",
        ),
        pytest.param({"tolerations": [{"key": KEY, "operator": "Gt", "value": "0"}]}, id="gt"),
        pytest.param({"tolerations": [{"key": "other", "operator": "Exists"}]}, id="another-key"),
    ],
)
def test_field_that_does_not_aim_is_untouched(spec: Json) -> None:
    assert assert_untouched(cpu_pod(None, **spec)).warnings == ()


def test_preference_is_no_aim_but_comes_to_nothing() -> None:
    affinity = preferred((1, term("zone In a")), (5, term("gpu-type In training")))
    decision = assert_untouched(cpu_pod(affinity=affinity))
    assert decision.warnings == (
        "spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[1]: "
        "prefers GPU nodes, but the pod asks for no GPU and is kept off them",
    )


NEAR = {"podAffinity": {REQUIRED: [{"topologyKey": "kubernetes.io/hostname"}]}}


def test_required_pod_affinity_is_mentioned_at_the_toleration() -> None:
    spec: Json = {"nodeSelector": {"gpu-type": "training"}, "affinity": NEAR}
    spec["tolerations"] = [{"key": KEY, "operator": "Exists"}]
    at_selector, at_toleration = refusals(mutate(cpu_pod(None, **spec)))
    assert at_selector[2].endswith(INSTEAD)
    assert at_toleration[2].endswith(
        f"{INSTEAD}. It also has required pod affinity: without the toleration it stays Pending "
        "where the pods it wants to be near run on GPU nodes"
    )


@pytest.mark.parametrize("near", [NEAR, {"podAffinity": {REQUIRED: []}}, {"podAffinity": None}])
def test_pod_affinity_alone_is_no_aim(near: Json) -> None:
    assert_untouched(cpu_pod(affinity=near))


MANY = policy(
    "".join(
        pool(f"p{n}", f"gpu: x, type: a{n}", "{key: soft, effect: PreferNoSchedule}")
        for n in range(6)
    )
    + gpu_class("c", "{name: p0}"),
    "defaultClass: c",
)


def test_message_names_four_pools_and_counts_the_rest() -> None:
    (found,) = refusals(mutate(cpu_pod(nodeSelector={"gpu": "x"}), MANY))
    assert found[2] == f"gpu=x selects nodes of pools p0, p1, p2, p3 and 2 more, {INSTEAD}"


def test_toleration_of_a_soft_taint_aims_as_well() -> None:
    document = cpu_pod(tolerations=[{"key": "soft", "operator": "Exists"}])
    assert places(mutate(document, MANY)) == ["spec.tolerations[0]"]


ARM = policy(
    pool(
        "a",
        "gpu: x, kubernetes.io/arch: arm64",
        "{key: arch, value: arm, effect: NoSchedule, tolerate: false}",
        "labels: {topology.kubernetes.io/zone: v}",
    )
    + gpu_class("c", "{name: a}"),
    "defaultClass: c",
)


@pytest.mark.parametrize(
    "selector", [{"kubernetes.io/arch": "arm64"}, {"topology.kubernetes.io/zone": "v"}], ids=str
)
def test_architecture_and_zone_are_no_aim_even_where_a_pool_declares_them(selector: Json) -> None:
    assert_untouched(cpu_pod(nodeSelector=selector), ARM)
    terms = [term(f"{key} In {value}") for key, value in selector.items()]
    assert_untouched(cpu_pod(affinity=required(*terms)), ARM)


def test_taint_that_is_the_pods_own_business_is_no_aim() -> None:
    assert_untouched(cpu_pod(tolerations=[{"key": "arch", "operator": "Exists"}]), ARM)


def training(**labels: str) -> Node:
    known = {"nvidia.com/gpu.present": "true", "gpu-type": "training"}
    return Node(labels={**known, **{_VENDORS[key]: value for key, value in labels.items()}})


_VENDORS = {
    "product": "nvidia.com/gpu.product",
    "count": "nvidia.com/gpu.count",
    "family": "beta.amd.com/gpu.family",
}
KNOWN = Cluster(
    nodes={
        "m1": training(product="H100", count="8"),
        "m2": training(product="A100", count="4", family="x"),
        "cpu": Node(labels={"nvidia.com/gpu.product": "none", "example.com/disk": "ssd"}),
    }
)


@pytest.mark.parametrize(
    ("spec", "path", "aim"),
    [
        pytest.param(
            {"nodeSelector": {"nvidia.com/gpu.product": "H100"}},
            'spec.nodeSelector["nvidia.com/gpu.product"]',
            "nvidia.com/gpu.product=H100 selects nodes of pool training",
            id="selector",
        ),
        pytest.param(
            {"nodeSelector": {"beta.amd.com/gpu.family": "x"}},
            'spec.nodeSelector["beta.amd.com/gpu.family"]',
            "beta.amd.com/gpu.family=x selects nodes of pool training",
            id="a-domain-within-a-maker-s",
        ),
        pytest.param(
            {"affinity": required(term("nvidia.com/gpu.product Exists", "zone DoesNotExist"))},
            f"{TERMS}[0].matchExpressions[0]",
            "nvidia.com/gpu.product Exists selects nodes of pool training",
            id="exists",
        ),
        pytest.param(
            {"affinity": required(term("zone In a"), term("nvidia.com/gpu.count Gt 7"))},
            f"{TERMS}[1].matchExpressions[0]",
            "nvidia.com/gpu.count Gt [7] selects nodes of pool training",
            id="greater",
        ),
        pytest.param(
            {
                "affinity": required(
                    {**term("nvidia.com/gpu.product Exists"), **fields("metadata.name In m1")}
                )
            },
            f"{TERMS}[0].matchExpressions[0]",
            "nvidia.com/gpu.product Exists selects nodes of pool training",
            id="beside-a-name",
        ),
    ],
)
def test_label_of_who_makes_gpus_aims_where_a_node_of_a_pool_carries_it(
    spec: Json, path: str, aim: str
) -> None:
    for decide in (mutate, validate):
        found = refusals(decide(cpu_pod(None, **spec), shipped().knowing(KNOWN)))
        assert found[0] == ("cpu-target", path, f"{aim}, {INSTEAD}")


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param({"nodeSelector": {"nvidia.com/gpu.product": "B200"}}, id="no-node-has-it"),
        pytest.param({"nodeSelector": {"nvidia.com/gpu.product": "none"}}, id="no-node-of-a-pool"),
        pytest.param({"nodeSelector": {"example.com/disk": "ssd"}}, id="anybody-s-label"),
        pytest.param({"nodeSelector": {"notnvidia.com/gpu.count": "8"}}, id="another-domain"),
        pytest.param({"affinity": required(term("nvidia.com/gpu.product NotIn H100"))}, id="not"),
        pytest.param(
            {"affinity": required(term("nvidia.com/gpu.product In H100", "zone In a"))},
            id="a-term-that-its-node-does-not-meet",
        ),
        pytest.param(
            {
                "affinity": required(
                    {**term("nvidia.com/gpu.product Exists"), **fields("metadata.name In cpu")}
                )
            },
            id="held-to-another-node",
        ),
    ],
)
def test_label_of_who_makes_gpus_is_no_aim_where_no_node_of_a_pool_is_meant(spec: Json) -> None:
    assert_untouched(cpu_pod(None, **spec), shipped().knowing(KNOWN))


def of_namespace(**annotations: str) -> Cluster:
    keys = {"selector": "node-selector", "tolerations": "defaultTolerations"}
    prefix = "scheduler.alpha.kubernetes.io"
    return Cluster(
        namespaces={"team-a": {f"{prefix}/{keys[key]}": text for key, text in annotations.items()}}
    )


GIVEN = "namespace team-a gives it to its pods by the annotation scheduler.alpha.kubernetes.io"
CHANGE = "change it there, ask for a GPU, or have the namespace exempted (GPUPolicy spec.exempt)"


def test_toleration_that_the_namespace_adds_is_said_to_come_from_there() -> None:
    text = '[{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}]'
    own: Json = {"key": KEY, "operator": "Exists", "effect": "NoSchedule"}
    other: Json = {"key": "gpu-type", "value": "training"}
    by = shipped().knowing(of_namespace(tolerations=text))
    found = refusals(mutate(cpu_pod(tolerations=[own, other]), by))
    assert found == [
        (
            "cpu-target",
            "spec.tolerations[0]",
            f"tolerates nvidia.com/gpu=present:NoSchedule of {ALL}, but the pod asks for no GPU; "
            f"{GIVEN}/defaultTolerations: {CHANGE}",
        ),
        (
            "cpu-target",
            "spec.tolerations[1]",
            f"tolerates gpu-type=training:NoSchedule of pool training, {INSTEAD}",
        ),
    ]
    elsewhere = mutate(request(cpu_pod(tolerations=[own]), namespace="team-b"), by)
    assert refusals(elsewhere)[0][2].endswith(INSTEAD)


@pytest.mark.parametrize("text", ["", "[", "{}", '[{"key": "nvidia.com/gpu"}]'])
def test_annotation_that_gives_no_such_toleration_is_not_named(text: str) -> None:
    by = shipped().knowing(of_namespace(tolerations=text))
    document = cpu_pod(tolerations=[{"key": KEY, "operator": "Exists"}])
    assert refusals(mutate(document, by))[0][2].endswith(INSTEAD)


def test_selector_that_the_namespace_adds_is_said_to_come_from_there() -> None:
    by = shipped().knowing(of_namespace(selector="disk=ssd, gpu-type = training"))
    document = cpu_pod(nodeSelector={"gpu-type": "training", "node-role": "gpu-training"})
    assert refusals(mutate(document, by)) == [
        (
            "cpu-target",
            'spec.nodeSelector["gpu-type"]',
            "gpu-type=training selects nodes of pool training, but the pod asks for no GPU; "
            f"{GIVEN}/node-selector: {CHANGE}",
        ),
        (
            "cpu-target",
            'spec.nodeSelector["node-role"]',
            f"node-role=gpu-training selects nodes of pool training, {INSTEAD}",
        ),
    ]


AIMING = cpu_pod(nodeSelector={"gpu-type": "training"})
MESSAGE = f"gpu-type=training selects nodes of pool training, {INSTEAD}"


def test_on_target_warn_lets_it_in_with_a_warning() -> None:
    by = policy(cluster="defaultClass: general, cpuPods: {onTarget: Warn}")
    decision = assert_untouched(AIMING, by)
    assert decision.warnings == (f'spec.nodeSelector["gpu-type"]: {MESSAGE}',)


def test_on_target_allow_lets_it_in() -> None:
    by = policy(cluster="defaultClass: general, cpuPods: {onTarget: Allow}")
    assert assert_untouched(AIMING, by).warnings == ()
