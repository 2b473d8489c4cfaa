"""What is remembered of final states: never another pod's, and never without bounds."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from tests.core.given import Json, gpu_pod, pod
from webhook.core import final_state
from webhook.core.final_state import FinalState, Remembered, placed
from webhook.core.pod import PodSpec, Toleration

SPEC = PodSpec(tolerations=(Toleration(key="a", operator="Exists"),), priority=0)


def made(stamp: str) -> Callable[[], FinalState]:
    """Give what makes a state that is known by its stamp."""
    return lambda: FinalState(
        placed=placed(SPEC), operations=(), rules=(), would_change=(), stamp=stamp
    )


@pytest.mark.parametrize(
    ("spec", "how", "is_known"),
    [
        pytest.param(SPEC, "training", True, id="the same"),
        pytest.param(replace(SPEC, node_selector={"a": "b"}), "training", True, id="a selector"),
        pytest.param(SPEC, "production", False, id="another class"),
        pytest.param(replace(SPEC, tolerations=None), "training", False, id="tolerations"),
        pytest.param(replace(SPEC, priority=None), "training", False, id="priority"),
        pytest.param(replace(SPEC, priority_class_name="a"), "training", False, id="its class"),
        pytest.param(replace(SPEC, preemption_policy="Never"), "training", False, id="preemption"),
    ],
)
def test_only_what_agrees_in_all_that_it_depends_on_is_taken(
    spec: PodSpec, how: str, is_known: bool
) -> None:
    remembered = Remembered()
    assert remembered.get(SPEC, 1000, "training", made("first")).stamp == "first"
    assert (remembered.get(spec, 1000, how, made("second")).stamp == "first") is is_known


@pytest.mark.parametrize(
    ("affinity", "size", "is_kept"),
    [
        (None, final_state.LARGEST, True),
        (None, final_state.LARGEST + 1, False),
        ({"nodeAffinity": {}}, 1000, True),
        ({"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{}]}}, 1000, False),
    ],
    ids=["as large as may be", "larger", "node affinity", "pod affinity, which has no hash"],
)
def test_what_is_large_or_has_no_hash_is_made_each_time(
    affinity: Json | None, size: int, is_kept: bool
) -> None:
    document = gpu_pod()
    document["spec"]["affinity"] = affinity
    spec, remembered = pod(document).spec, Remembered()
    remembered.get(spec, size, "training", made("first"))
    assert (remembered.get(spec, size, "training", made("second")).stamp == "first") is is_kept


def test_no_more_is_remembered_than_there_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(final_state, "MOST", 3)
    remembered = Remembered()
    for number in range(10):
        spec = replace(SPEC, priority=number)
        assert remembered.get(spec, 1000, "training", made(str(number))).stamp == str(number)
        assert len(remembered._found) <= 3  # noqa: SLF001
    assert remembered.get(spec, 1000, "training", made("again")).stamp == "9"
