"""Open pools are those that going through all would find, and few are looked at."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core import many
from webhook.core.nodes import tolerates_all
from webhook.core.pod import Toleration
from webhook.core.policy import reach
from webhook.core.policy.choices import Effect
from webhook.core.policy.documents import GPUNodePool, Taint
from webhook.core.policy.reach import Reach

KEYS, VALUES = ("a", "b"), ("", "1", "2")
TAINTS = st.builds(
    Taint, key=st.sampled_from(KEYS), value=st.sampled_from(VALUES), effect=st.sampled_from(Effect)
)
POOLS = st.lists(st.lists(TAINTS, max_size=3), max_size=6)
TOLERATIONS = st.lists(
    st.builds(
        Toleration,
        key=st.sampled_from((None, "", *KEYS)),
        operator=st.sampled_from((None, "Equal", "Exists", "Gt", "Lt")),
        value=st.sampled_from((None, *VALUES)),
        effect=st.sampled_from((None, "", *Effect)),
    ),
    max_size=4,
)


@given(POOLS, TOLERATIONS)
def test_the_pools_are_found_that_tolerations_open(
    taints: list[list[Taint]], tolerations: list[Toleration]
) -> None:
    pools = [
        GPUNodePool(name=str(number), selector={"gpu": "x"}, taints=tuple(each))
        for number, each in enumerate(taints)
    ]
    expected = [pool for pool in pools if tolerates_all(tolerations, pool.taints)]
    assert [*Reach(pools).opened_by(tolerations)] == expected


@pytest.mark.parametrize(
    ("tolerations", "expected"),
    [
        pytest.param([{"operator": "Exists", "effect": "NoExecute"}], 0, id="another-effect"),
        pytest.param([{"key": "nvidia.com/gpu", "operator": "Exists"}], 0, id="what-all-have"),
        pytest.param([{"key": "gpu-type", "value": many.name(7)}], 1, id="what-one-has"),
    ],
)
def test_of_many_pools_only_those_are_looked_at_that_may_be_open(
    tolerations: list[dict[str, str]], expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at: list[object] = []

    def count(*pair: object) -> bool:
        looked_at.append(pair)
        return False

    pools = [each for each in many.documents(1000) if isinstance(each, GPUNodePool)]
    monkeypatch.setattr(reach, "tolerates_all", count)
    found = Reach(pools).opened_by(msgspec.convert(tolerations, list[Toleration]))
    assert [*found] == []
    assert len(looked_at) == expected
