"""What the scheduler says of labels and taints, in tables; tests/property compares an oracle."""

import pytest

from tests.core.shapes import requirement
from webhook.core.nodes import is_blanket, may_satisfy, satisfies, tolerates, tolerates_all, written
from webhook.core.pod import NodeSelectorRequirement, NodeSelectorTerm, Toleration
from webhook.core.policy.documents import Effect, Taint

GPU = Taint(key="nvidia.com/gpu", value="present", effect=Effect.NO_SCHEDULE)
EVICTING = Taint(key="nvidia.com/gpu", value="present", effect=Effect.NO_EXECUTE)
SOFT = Taint(key="nvidia.com/gpu", value="present", effect=Effect.PREFER_NO_SCHEDULE)
BARE = Taint(key="dedicated", effect=Effect.NO_SCHEDULE)
LEVEL = Taint(key="level", value="900", effect=Effect.NO_SCHEDULE)


def toleration(
    key: str | None = None,
    operator: str | None = None,
    value: str | None = None,
    effect: str | None = None,
) -> Toleration:
    return Toleration(key=key, operator=operator, value=value, effect=effect)


@pytest.mark.parametrize(
    ("given", "taint"),
    [
        pytest.param(toleration("nvidia.com/gpu", "Equal", "present"), GPU, id="equal"),
        pytest.param(toleration("nvidia.com/gpu", None, "present"), GPU, id="no-operator-is-equal"),
        pytest.param(toleration("nvidia.com/gpu", "Exists"), GPU, id="exists-covers-equal"),
        pytest.param(toleration(operator="Exists"), GPU, id="no-key-covers-every-key"),
        pytest.param(toleration("", "Exists", effect=""), GPU, id="empty-strings-are-absent"),
        pytest.param(toleration("nvidia.com/gpu", "Exists"), EVICTING, id="no-effect-covers-all"),
        pytest.param(toleration("nvidia.com/gpu", "Exists", None, "NoSchedule"), GPU, id="effect"),
        pytest.param(toleration("dedicated"), BARE, id="equal-without-value"),
        pytest.param(toleration("level", "Gt", "800"), LEVEL, id="taint-is-greater"),
        pytest.param(toleration("level", "Lt", "1000"), LEVEL, id="taint-is-less"),
    ],
)
def test_toleration_covers_the_taint(given: Toleration, taint: Taint) -> None:
    assert tolerates(given, taint)


@pytest.mark.parametrize(
    ("given", "taint"),
    [
        pytest.param(toleration("nvidia.com/gpu", "Equal", "true"), GPU, id="another-value"),
        pytest.param(toleration("nvidia.com/gpu"), GPU, id="no-value"),
        pytest.param(toleration("gpu-type", "Exists"), GPU, id="another-key"),
        pytest.param(toleration("nvidia.com/gpu", "Exists", None, "NoExecute"), GPU, id="effect"),
        pytest.param(toleration(None, "Equal", "present"), GPU, id="equal-needs-a-key"),
        pytest.param(toleration("level", "Gt", "900"), LEVEL, id="not-greater"),
        pytest.param(toleration("level", "Lt", "900"), LEVEL, id="not-less"),
        pytest.param(toleration("level", "Gt", "high"), LEVEL, id="no-number-wanted"),
        pytest.param(toleration("level", "Gt", "8_0"), LEVEL, id="no-number-to-go"),
        pytest.param(toleration("level", "Gt", "007"), LEVEL, id="leading-zeros"),
        pytest.param(toleration("level", "Gt", "+7"), LEVEL, id="a-plus"),
        pytest.param(toleration("nvidia.com/gpu", "Gt", "1"), GPU, id="no-number-on-the-node"),
        pytest.param(toleration("level", "Between", "1"), LEVEL, id="unknown-operator"),
    ],
)
def test_toleration_does_not_cover_the_taint(given: Toleration, taint: Taint) -> None:
    assert not tolerates(given, taint)


def test_soft_taints_keep_no_pod_away() -> None:
    assert tolerates_all([], [SOFT])
    assert not tolerates_all([], [SOFT, GPU])
    assert tolerates_all(iter([toleration("nvidia.com/gpu", "Exists")]), [SOFT, GPU, EVICTING])


def test_every_hard_taint_needs_a_toleration() -> None:
    assert not tolerates_all([toleration("nvidia.com/gpu", "Exists")], [GPU, BARE])


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (toleration(operator="Exists"), True),
        (toleration("", "Exists", effect="NoSchedule"), True),
        (toleration("nvidia.com/gpu", "Exists"), False),
        (toleration(), False),
    ],
)
def test_blanket_is_a_toleration_without_a_key(given: Toleration, *, expected: bool) -> None:
    assert is_blanket(given) is expected


def test_taints_are_written_as_kubectl_does() -> None:
    assert written(GPU) == "nvidia.com/gpu=present:NoSchedule"
    assert written(BARE) == "dedicated:NoSchedule"


LABELS = {"gpu-type": "training", "cores": "10", "odd": "1_0", "huge": "9" * 20}


@pytest.mark.parametrize(
    "wanted",
    [
        "gpu-type In development training",
        "gpu-type NotIn production",
        "absent NotIn production",
        "gpu-type Exists",
        "absent DoesNotExist",
        "cores Gt 9",
        "cores Gt 007",
        "cores Lt 11",
    ],
)
def test_node_meets_the_requirement(wanted: str) -> None:
    assert satisfies(LABELS, _requirement(wanted))


@pytest.mark.parametrize(
    "wanted",
    [
        "gpu-type In production",
        "gpu-type In",
        "absent In training",
        "gpu-type NotIn training",
        "absent Exists",
        "gpu-type DoesNotExist",
        "cores Gt 10",
        "cores Gt -1",
        "cores Lt +11",
        "cores Gt 9 8",
        "cores Gt",
        "cores Lt 10",
        "absent Gt 1",
        "odd Lt 100",
        "huge Gt 1",
        "gpu-type Gt 1",
        "cores Near 10",
    ],
)
def test_node_does_not_meet_the_requirement(wanted: str) -> None:
    assert not satisfies(LABELS, _requirement(wanted))


@pytest.mark.parametrize(
    ("expressions", "fields", "expected"),
    [
        pytest.param((), (), False, id="empty-term-matches-nothing"),
        pytest.param((), ("metadata.name In a",), True, id="a-name-may-be-right"),
        pytest.param(("zone In a",), (), True, id="unknown-label-may-be-there"),
        pytest.param(("gpu-type In training", "zone In a"), (), True, id="known-label-is-right"),
        pytest.param(("gpu-type In production", "zone In a"), (), False, id="known-label-is-wrong"),
    ],
)
def test_term_may_match_a_node_of_which_some_labels_are_known(
    expressions: tuple[str, ...], fields: tuple[str, ...], *, expected: bool
) -> None:
    term = NodeSelectorTerm(
        match_expressions=tuple(map(_requirement, expressions)),
        match_fields=tuple(map(_requirement, fields)),
    )
    assert may_satisfy(LABELS, term) is expected


def test_null_lists_are_an_empty_term() -> None:
    assert not may_satisfy(LABELS, NodeSelectorTerm())


def _requirement(text: str) -> NodeSelectorRequirement:
    found = requirement(text)
    values = tuple(found.get("values", ()))
    return NodeSelectorRequirement(key=found["key"], operator=found["operator"], values=values)
