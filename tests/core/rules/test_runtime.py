"""Rule `runtime`: a pod that asks for no GPU does not have one handed to it by the runtime."""

import pytest

from tests.core.given import (
    DAEMON_SET_CONTROLLER,
    Json,
    cpu_pod,
    gpu_pod,
    mutate,
    policy,
    refusals,
    request,
    validate,
)

VARIABLE = "NVIDIA_VISIBLE_DEVICES"
ELSEWHERE = {"configMapKeyRef": {"name": "m", "key": "k"}}


def message(what: str) -> str:
    return (
        f"{what} hands GPUs to a pod that asks for none, and nobody counts them; drop it or ask "
        "for a GPU"
    )


def seeing(value: str | None, field: str = "containers", **more: object) -> Json:
    """Give a pod whose second container has the variable, after another."""
    variable = {"name": VARIABLE} | ({} if value is None else {"value": value}) | more
    plain, seen = {"name": "a"}, {"name": "b", "env": [{"name": "X", "value": "all"}, variable]}
    document = cpu_pod()
    document["spec"][field] = [plain, seen]
    return document


@pytest.mark.parametrize("name", ["nvidia", "nvidia-cdi", "nvidia-legacy"])
def test_runtime_class_of_nvidia_is_warned_of(name: str) -> None:
    decision = mutate(cpu_pod(runtimeClassName=name))
    assert decision.allowed
    assert decision.warnings == (f"spec.runtimeClassName: {message(name)}",)
    assert decision.rules == ("runtime",)


@pytest.mark.parametrize("field", ["containers", "initContainers"])
@pytest.mark.parametrize("value", ["all", "0", "0,1", "GPU-8a1b", "None"])
def test_variable_that_names_devices_is_warned_of(field: str, value: str) -> None:
    assert mutate(seeing(value, field)).warnings == (
        f"spec.{field}[1].env[1]: {message(f'{VARIABLE}={value}')}",
    )


def test_value_from_elsewhere_may_name_any() -> None:
    found = mutate(seeing(None, valueFrom=ELSEWHERE)).warnings
    assert found == (f"spec.containers[1].env[1]: {message(VARIABLE)}",)


def test_enforced_it_refuses_every_field_at_once() -> None:
    by = policy(cluster="defaultClass: general, rules: {runtime: Enforce}")
    document = seeing("all")
    document["spec"]["runtimeClassName"] = "nvidia"
    for decide in (mutate, validate):
        assert refusals(decide(document, by)) == [
            ("runtime", "spec.runtimeClassName", message("nvidia")),
            ("runtime", "spec.containers[1].env[1]", message(f"{VARIABLE}=all")),
        ]


@pytest.mark.parametrize(
    "document",
    [
        seeing("none"),
        seeing("void"),
        seeing(""),
        seeing(None),
        cpu_pod(runtimeClassName="gvisor"),
        cpu_pod(runtimeClassName=None),
        cpu_pod(containers=[{"name": "c", "env": None}]),
        cpu_pod(containers=[{"name": "c", "env": [{"name": "CUDA_VISIBLE_DEVICES"}]}]),
        gpu_pod("training", runtimeClassName="nvidia"),
    ],
    ids=[
        "none",
        "void",
        "empty",
        "no-value",
        "another-runtime",
        "null",
        "null-environment",
        "another-variable",
        "gpu-pod",
    ],
)
def test_others_are_told_nothing(document: Json) -> None:
    assert mutate(document).warnings == ()


def test_pods_of_a_daemon_set_are_its_controllers() -> None:
    asked = request(cpu_pod(runtimeClassName="nvidia"), user=DAEMON_SET_CONTROLLER)
    assert mutate(asked).warnings == ()


def test_author_of_a_workload_is_told_at_its_template() -> None:
    template = {"spec": seeing("all")["spec"]}
    document = {
        "metadata": {"name": "d", "namespace": "team-a"},
        "spec": {"template": template, "selector": {}},
    }
    decision = validate(request(document, kind="Deployment"))
    assert decision.warnings == (
        f"spec.template.spec.containers[1].env[1]: {message(f'{VARIABLE}=all')}",
    )
