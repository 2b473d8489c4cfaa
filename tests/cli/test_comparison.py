"""Two findings about one manifest, compared: what is a change, and how places are written."""

import pytest

from tests.cli.shipped import POLICIES
from tests.core.given import policy
from webhook.cli import comparison, judging, manifests
from webhook.cli.comparison import Change, Changed
from webhook.cli.finding import Finding
from webhook.cli.manifests import Manifest
from webhook.core.pod import NodeSelectorRequirement, NodeSelectorTerm, Toleration
from webhook.core.policy.policy import Policy
from webhook.watch import policies

GPU_POD = """\
apiVersion: v1
kind: Pod
metadata: {name: p, annotations: {gpu-class: CLASS}}
spec:
  containers: [{name: c, resources: {limits: {nvidia.com/gpu: 1}}}]
"""
CPU_POD = "{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {nodeName: gpu-dev-1}}"
BLANKET = (
    "{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {tolerations: [{operator: Exists}]}}"
)
NODE = "{apiVersion: v1, kind: Node, metadata: {name: m}}"
AIMS = (
    "spec.nodeName: gpu-dev-1 is a node of pool development, but the pod asks for no GPU; drop it,"
    " ask for a GPU, or have its namespace exempted (GPUPolicy spec.exempt) (rule cpu-target)"
)


def judged(text: str, by: Policy) -> Finding:
    (manifest,) = manifests.parse(text, "input.yaml")
    assert isinstance(manifest, Manifest)
    finding = judging.judge(manifest, by)
    assert isinstance(finding, Finding)
    return finding


def compared(text: str, old: Policy, new: Policy) -> Changed | None:
    return comparison.compare(judged(text, old), old, judged(text, new), new)


def changes(text: str, old: Policy, new: Policy) -> tuple[str, str, dict[str, Change]]:
    found = compared(text, old, new)
    assert found is not None
    by_field = {each.field: each for each in found.changes}
    return found.old.verdict.value, found.new.verdict.value, by_field


def test_a_class_of_other_pools_changes_everything_that_follows_from_them() -> None:
    old, new = policy(cluster="defaultClass: training"), policy(cluster="defaultClass: production")
    pod = GPU_POD.replace("annotations: {gpu-class: CLASS}", "labels: {}")
    assert changes(pod, old, new) == (
        "inject",
        "inject",
        {
            each.field: each
            for each in (
                Change(field="class", old="training", new="production"),
                Change(field="pools", old=("development", "training"), new=("production",)),
                Change(
                    field="nodes",
                    old=("nvidia.com/gpu.present=true",),
                    new=("nvidia.com/gpu.present=true,gpu-type=production",),
                ),
                Change(field="preferred", old=("100: gpu-type in (development,training)",), new=()),
                Change(
                    field="tolerations",
                    old=(
                        "gpu-type=development:NoSchedule",
                        "gpu-type=training:NoSchedule",
                        "nvidia.com/gpu=present:NoSchedule",
                    ),
                    new=("gpu-type=production:NoSchedule", "nvidia.com/gpu=present:NoSchedule"),
                ),
                Change(
                    field="priority",
                    old="gpu-batch-priority (50, Never)",
                    new="gpu-high-priority (1000000, PreemptLowerPriority)",
                ),
            )
        },
    )


def test_a_new_refusal_says_nothing_of_the_place_that_is_lost() -> None:
    old, new = policy(), policy(cluster="mode: Enforce")
    pod = GPU_POD.replace("annotations: {gpu-class: CLASS}", "labels: {}")
    assert changes(pod, old, new) == (
        "inject",
        "deny",
        {
            "violations": Change(
                field="violations",
                old=(),
                new=(
                    "metadata.annotations: the pod asks for a GPU and names no class, and the"
                    " policy has no defaultClass; annotate it gpu-class=<class>. Classes:"
                    " development, general, production, training (rule class)",
                ),
            )
        },
    )


def test_a_refusal_that_becomes_a_warning_changes_both() -> None:
    old, new = policy(), policy(cluster="mode: Warn")
    verdicts = changes(CPU_POD, old, new)
    assert verdicts == (
        "deny",
        "allow",
        {
            "violations": Change(field="violations", old=(AIMS,), new=()),
            "warnings": Change(
                field="warnings", old=(), new=(AIMS.removesuffix(" (rule cpu-target)"),)
            ),
        },
    )


def test_what_an_audited_rule_would_have_done_is_compared() -> None:
    old, new = policy(), policy(cluster="defaultClass: general, rules: {cpu-target: Audit}")
    assert changes(CPU_POD, old, new) == (
        "deny",
        "allow",
        {
            "violations": Change(field="violations", old=(AIMS,), new=()),
            "audit": Change(field="audit", old=(), new=(f"would be refused: {AIMS}",)),
        },
    )


def test_steering_is_seen_as_nodes() -> None:
    old = policy()
    new = policy(cluster="defaultClass: general, cpuPods: {onBlanketToleration: Allow}")
    before, after, by_field = changes(BLANKET, old, new)
    assert (before, after) == ("inject", "allow")
    assert set(by_field) == {"nodes"}
    assert by_field["nodes"].new == ()


@pytest.mark.parametrize("text", [GPU_POD.replace("CLASS", "training"), CPU_POD, BLANKET, NODE])
def test_another_revision_alone_is_no_change(text: str) -> None:
    """The stamp that pods get names the revision: it differs, and nothing else does."""
    old = policies.load(POLICIES)
    new = policy(cluster=f"defaultClass: general, exempt: {{namespaces: [{'elsewhere'}]}}")
    assert old.revision != new.revision
    assert compared(text, old, new) is None


@pytest.mark.parametrize(
    ("requirements", "expected"),
    [
        ([("a", "In", ("b",))], "a=b"),
        ([("a", "In", ("c", "b"))], "a in (b,c)"),
        ([("a", "NotIn", ("b",))], "a!=b"),
        ([("a", "NotIn", ("c", "b"))], "a notin (b,c)"),
        ([("a", "Exists", None)], "a"),
        ([("a", "DoesNotExist", None)], "!a"),
        ([("a", "Gt", ("3",)), ("b", "In", ("c",))], "a Gt 3,b=c"),
        ([], "no node"),
    ],
)
def test_terms_are_written_as_kubectl_takes_them(
    requirements: list[tuple[str, str, tuple[str, ...] | None]], expected: str
) -> None:
    written = tuple(
        NodeSelectorRequirement(key=key, operator=operator, values=values)
        for key, operator, values in requirements
    )
    assert comparison.term(NodeSelectorTerm(match_expressions=written)) == expected
    assert comparison.term(NodeSelectorTerm(match_fields=written)) == expected


@pytest.mark.parametrize(
    ("toleration", "expected"),
    [
        (Toleration(key="a", value="b", effect="NoSchedule"), "a=b:NoSchedule"),
        (Toleration(key="a", operator="Equal"), "a="),
        (Toleration(key="a", operator="Exists", effect="NoExecute"), "a:NoExecute"),
        (Toleration(operator="Exists"), "*"),
        (
            Toleration(key="a", operator="Exists", effect="NoExecute", toleration_seconds=0),
            "a:NoExecute for 0s",
        ),
    ],
)
def test_tolerations_are_written_as_the_taints_that_they_answer(
    toleration: Toleration, expected: str
) -> None:
    assert comparison.toleration(toleration) == expected


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("", None),
        ("priorityClassName: a", "a"),
        ("priorityClassName: a, priority: 5, preemptionPolicy: Never", "a (5, Never)"),
        ("priority: 0", "no class (0)"),
    ],
)
def test_priority_is_written_with_what_is_known_of_it(spec: str, expected: str | None) -> None:
    pod = f"{{apiVersion: v1, kind: Pod, metadata: {{name: p}}, spec: {{{spec}}}}}"
    assert comparison.places(judged(pod, policy()), policy())[""]["priority"] == expected
