"""Rule `tolerations`: taints are tolerated, compared by meaning before one is added."""

import pytest

from tests.core.given import Json, gpu_class, gpu_pod, mutate, patched, policy, pool
from tests.core.shapes import tolerations_of
from webhook.core.policy.policy import Policy

GPU = "nvidia.com/gpu=present:NoSchedule"
PRODUCTION = "gpu-type=production:NoSchedule"
KEY = "nvidia.com/gpu"


def tolerated(tolerations: object, named: str = "general", by: Policy | None = None) -> list[str]:
    """Give the tolerations after mutation; a second pass over the pod changes nothing."""
    once = patched(gpu_pod(named, tolerations=tolerations), by)
    assert mutate(once, by).patch == ()
    return tolerations_of(once)


@pytest.mark.parametrize("own", [None, []])
def test_pod_without_tolerations_gets_those_of_its_class(own: object) -> None:
    assert tolerated(own, "production") == [GPU, PRODUCTION]


def test_own_tolerations_stay_first_and_whole() -> None:
    own: Json = {"key": "x", "operator": "Exists", "tolerationSeconds": 5, "unknown": 1}
    found = patched(gpu_pod("general", tolerations=[own]))["spec"]["tolerations"]
    assert found[0] == own
    assert len(found) == 2


@pytest.mark.parametrize(
    "own",
    [
        pytest.param({"key": KEY, "operator": "Exists", "effect": "NoSchedule"}, id="exists"),
        pytest.param({"key": KEY, "operator": "Exists"}, id="no-effect"),
        pytest.param({"key": KEY, "operator": "Exists", "effect": ""}, id="empty-effect"),
        pytest.param({"key": KEY, "operator": "Exists", "effect": None}, id="null-effect"),
        pytest.param({"key": KEY, "value": "present"}, id="no-operator"),
        pytest.param({"key": KEY, "operator": "", "value": "present"}, id="empty-operator"),
        pytest.param({"operator": "Exists"}, id="no-key"),
        pytest.param({"key": "", "operator": "Exists", "effect": "NoSchedule"}, id="empty-key"),
        pytest.param(
            {"key": KEY, "operator": "Exists", "tolerationSeconds": 9}, id="seconds-of-noschedule"
        ),
    ],
)
def test_toleration_that_covers_the_taint_is_enough(own: Json) -> None:
    assert len(tolerated([own])) == 1


@pytest.mark.parametrize(
    "own",
    [
        pytest.param({"key": KEY, "operator": "Equal", "value": "true"}, id="another-value"),
        pytest.param({"key": KEY}, id="no-value"),
        pytest.param({"key": KEY, "operator": "Exists", "effect": "NoExecute"}, id="effect"),
        pytest.param({"key": "gpu-type", "operator": "Exists"}, id="another-key"),
        pytest.param({"key": KEY, "operator": "Gt", "value": "1"}, id="greater"),
        pytest.param({"key": KEY, "operator": "Lt", "value": "x"}, id="less"),
        pytest.param({"key": KEY, "operator": "Near", "value": "present"}, id="unknown-operator"),
    ],
)
def test_toleration_that_does_not_cover_it_gets_one_beside_it(own: Json) -> None:
    assert tolerated([own])[1:] == [GPU]


def test_only_what_is_missing_is_added() -> None:
    own = [{"key": KEY, "operator": "Exists"}]
    assert tolerated(own, "production") == ["nvidia.com/gpu:", PRODUCTION]


def test_class_of_two_pools_tolerates_the_taints_of_both() -> None:
    assert tolerated(None, "training") == [
        GPU,
        "gpu-type=training:NoSchedule",
        "gpu-type=development:NoSchedule",
    ]


EVICTING = policy(
    pool("a", "gpu: x", "{key: k, value: v, effect: NoExecute}") + gpu_class("c", "{name: a}"),
    "defaultClass: c",
)
LEVELS = policy(
    pool("a", "gpu: x", '{key: k, value: "900", effect: NoSchedule}') + gpu_class("c", "{name: a}"),
    "defaultClass: c",
)
SOFT = policy(
    pool("a", "gpu: x", "{key: k, effect: PreferNoSchedule}") + gpu_class("c", "{name: a}"),
    "defaultClass: c",
)
ARM = policy(
    pool("a", "gpu: x", "{key: arch, effect: NoSchedule, tolerate: false}")
    + gpu_class("c", "{name: a}"),
    "defaultClass: c",
)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(None, ["k:"]), (0, ["k:", "k=v:NoExecute"]), (300, ["k:", "k=v:NoExecute"])],
)
def test_some_seconds_are_not_enough_for_noexecute(
    seconds: int | None, expected: list[str]
) -> None:
    own = {"key": "k", "operator": "Exists", "tolerationSeconds": seconds}
    assert tolerated([own], "c", EVICTING) == expected


def test_toleration_by_a_number_covers_the_taint() -> None:
    assert tolerated([{"key": "k", "operator": "Gt", "value": "800"}], "c", LEVELS) == ["k=800:"]


def test_soft_taints_are_tolerated_too() -> None:
    assert tolerated(None, "c", SOFT) == ["k=:PreferNoSchedule"]


def test_taint_that_is_the_pods_own_business_is_not_tolerated() -> None:
    assert tolerated(None, "c", ARM) == []


def test_toleration_of_no_value_is_written_without_one() -> None:
    found = patched(gpu_pod("c"), SOFT)["spec"]["tolerations"]
    assert found == [{"key": "k", "operator": "Equal", "effect": "PreferNoSchedule"}]
