"""Random policies, pods and nodes, from few words, so that they meet often."""

from typing import Any, TypeAlias

from hypothesis import strategies as st

from tests.core.given import gpu_class, policy, pool, priority_class
from webhook.core.policy.policy import Policy

Json: TypeAlias = dict[str, Any]

KEYS = ("gpu-type", "node-role", "nvidia.com/gpu.present", "zone")
VALUES = ("a", "b", "true")
TAINTS = ("nvidia.com/gpu", "gpu-type", "other")
EFFECTS = ("NoSchedule", "NoExecute", "PreferNoSchedule")
POOLS = ("one", "two", "three")
CLASSES = ("general", "batch")

keys, values = st.sampled_from(KEYS), st.sampled_from(VALUES)
numbers = st.sampled_from(("1", "7", "007", "10", "-1", "+7", "1_0", "x", ""))


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    """Give a policy of three pools and two classes, Required or Preferred."""
    pools = "".join(
        pool(
            name,
            f"pool: {name}, gpu-type: '{draw(values)}'{draw(st.sampled_from(_MORE))}",
            _taints(draw),
        )
        for name in POOLS
    )
    classes = "".join(
        gpu_class(name, ", ".join(f"{{name: {each}}}" for each in _members(draw)), _placement(draw))
        for name in CLASSES
    )
    return policy(pools + classes + _PRIORITIES)


_PRIORITIES = priority_class("low", 5, "preemptionPolicy: Never") + priority_class(
    "usual", 7, "globalDefault: true"
)
_PRIORITY = (
    "",
    ", priorityClassName: low",
    ", priorityClassName: undefined",
    ", priorityClassName: low, allowedPriorityClassNames: [own]",
)
_MORE = ("", ", zone: a", ", 'nvidia.com/gpu.present': 'true'")


def _members(draw: st.DrawFn) -> list[str]:
    return draw(st.lists(st.sampled_from(POOLS), min_size=1, max_size=3, unique=True))


def _placement(draw: st.DrawFn) -> str:
    placement = draw(st.sampled_from(("Required", "Preferred")))
    return f"placement: {placement}{draw(st.sampled_from(_PRIORITY))}"


def _taints(draw: st.DrawFn) -> str:
    own = draw(st.lists(st.sampled_from(("a", "b")), max_size=1))
    more = "".join(f", {{key: gpu-type, value: {each}, effect: NoSchedule}}" for each in own)
    more += draw(st.sampled_from(("", ", {key: other, effect: NoSchedule, tolerate: false}")))
    return f"{{key: nvidia.com/gpu, value: present, effect: NoSchedule}}{more}"


def _absent(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Json]:
    return st.fixed_dictionaries({}, optional=fields)


expressions = st.one_of(
    st.fixed_dictionaries(
        {
            "key": keys,
            "operator": st.sampled_from(("In", "NotIn")),
            "values": st.lists(values, min_size=1, max_size=2, unique=True),
        }
    ),
    st.fixed_dictionaries(
        {"key": keys, "operator": st.sampled_from(("Exists", "DoesNotExist"))},
        optional={"values": st.none()},
    ),
    st.fixed_dictionaries(
        {
            "key": st.just("cores"),
            "operator": st.sampled_from(("Gt", "Lt")),
            "values": st.lists(numbers, min_size=1, max_size=1),
        }
    ),
)
fields = st.fixed_dictionaries(
    {
        "key": st.just("metadata.name"),
        "operator": st.sampled_from(("In", "NotIn")),
        "values": st.lists(st.sampled_from(("node", "other")), min_size=1, max_size=1),
    }
)
terms = _absent(
    matchExpressions=st.none() | st.lists(expressions, max_size=2),
    matchFields=st.none() | st.lists(fields, max_size=1),
)
preferences = st.fixed_dictionaries({"weight": st.integers(1, 100), "preference": terms})
node_affinities = _absent(
    requiredDuringSchedulingIgnoredDuringExecution=st.none()
    | st.fixed_dictionaries(
        {"nodeSelectorTerms": st.none() | st.lists(terms, min_size=1, max_size=3)}
    ),
    preferredDuringSchedulingIgnoredDuringExecution=st.none() | st.lists(preferences, max_size=2),
)
affinities = st.none() | _absent(
    nodeAffinity=st.none() | node_affinities, podAffinity=st.just({"unknown": [1]})
)
tolerations = _absent(
    key=st.sampled_from((*TAINTS, "")),
    operator=st.sampled_from(("Exists", "Equal", "Gt", "Lt")),
    value=st.sampled_from(("present", "a", "", "5", "07", "-3")),
    effect=st.sampled_from((*EFFECTS, "")),
    tolerationSeconds=st.integers(0, 9),
)
amounts = st.sampled_from((0, 1, "0", "1", "2", None))


@st.composite
def pods(draw: st.DrawFn, *, gpu: bool | None = None) -> Json:
    """Give a pod with scheduling fields of its own, and fields that nobody knows."""
    amount = draw(amounts) if gpu is None else (1 if gpu else 0)
    spec = draw(
        _absent(
            affinity=affinities,
            tolerations=st.none() | st.lists(tolerations, max_size=3),
            nodeSelector=st.none() | st.dictionaries(keys, values, max_size=1),
            priorityClassName=st.sampled_from(("own", "", "usual", "low", "system-node-critical")),
            priority=st.none() | st.just(7),
            preemptionPolicy=st.none() | st.just("Never"),
            futureField=st.just({"a": [1, None]}),
        )
    )
    resources = {"limits": {"nvidia.com/gpu": amount, "cpu": "1"}}
    spec["containers"] = [{"name": "c", "resources": resources, "env": [{"name": "A"}]}]
    annotations = draw(
        st.none() | _absent(**{"gpu-class": st.sampled_from(CLASSES), "note": st.just("x")})
    )
    return {"metadata": {"name": "p", "annotations": annotations, "future": 1}, "spec": spec}


@st.composite
def nodes(draw: st.DrawFn) -> tuple[dict[str, str], list[Json]]:
    """Give the labels and taints of a node, of some pool or of none."""
    labels = draw(st.dictionaries(keys, values, max_size=4))
    labels |= draw(st.dictionaries(st.just("cores"), numbers))
    labels |= draw(st.just({}) | st.sampled_from([{"pool": name} for name in POOLS]))
    taint = st.fixed_dictionaries(
        {
            "key": st.sampled_from(TAINTS),
            "value": st.sampled_from(("present", "a", "b", "", "7", "007", "-1")),
            "effect": st.sampled_from(EFFECTS),
        }
    )
    return labels, draw(st.lists(taint, max_size=3))


words = st.text("a/~", max_size=3)
scalars = st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from((1.0, 0.5)) | words
json_values: st.SearchStrategy[Any] = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=4),
    max_leaves=12,
)
