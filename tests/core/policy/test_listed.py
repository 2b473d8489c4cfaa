"""Workload kinds of a GPUPolicy: what a row means, and every fault in the words its author sees."""

import pytest

from tests.core.given import policy
from webhook.core.paths import parse
from webhook.core.policy.check import check
from webhook.core.policy.decode import read
from webhook.core.template import Template, template
from webhook.core.workload import Update, WorkloadKind

HEAD = "apiVersion: gpuclass.io/v1alpha1\nkind: GPUPolicy\nmetadata: {name: cluster}\nspec:\n"
PLAIN = "{group: a.io, kind: Thing, templates: [{path: spec.template}]}"


def faults(*rows: str) -> list[str]:
    """Give the errors of a policy that lists some kinds, without those of other documents."""
    text = f"{HEAD}  workloads:\n" + "".join(f"    - {row}\n" for row in rows)
    documents, found = read(text, "p.yaml")
    checked = [each for each in check(documents) if each.severity == "error"]
    return [str(each) for each in (*found, *checked)]


def test_a_row_says_only_what_is_unusual() -> None:
    (row,) = policy(cluster=f"defaultClass: general, workloads: [{PLAIN}]").workloads.values()
    assert row == WorkloadKind(
        group="a.io",
        kind="Thing",
        versions=("*",),
        templates=(template(("spec", "template")),),
    )
    assert row.plural == "things"
    assert not row.is_mixed


def test_a_row_may_say_everything() -> None:
    text = (
        "{group: a.io, kind: Thing, resource: thingies, versions: [v1, v2], update: WhileSuspended,"
        " suspend: spec.paused, runOnce: true, priority: [spec.priority], templates: [{path:"
        ' "spec.parts[*].pod", annotations: "spec.parts[*].notes", spec: "spec.parts[*].pod.in",'
        " mixed: true}]}"
    )
    (row,) = policy(cluster=f"defaultClass: general, workloads: [{text}]").workloads.values()
    assert row == WorkloadKind(
        group="a.io",
        kind="Thing",
        resource="thingies",
        versions=("v1", "v2"),
        templates=(
            Template(
                path=parse("spec.parts[*].pod"),
                annotations=parse("spec.parts[*].notes"),
                spec=parse("spec.parts[*].pod.in"),
                is_mixed=True,
            ),
        ),
        update=Update.WHILE_SUSPENDED,
        suspend=("spec", "paused"),
        run_once=True,
        priority=(("spec", "priority"),),
    )
    assert row.plural == "thingies"


@pytest.mark.parametrize(
    ("templates", "is_mixed"),
    [
        ("{path: spec.a}", False),
        ("{path: spec.a, mixed: true}", True),
        ("{path: spec.a}, {path: spec.b}", True),
        ('{path: "spec.a[*].b"}', True),
    ],
)
def test_pods_of_several_sorts_come_of_several_templates(templates: str, *, is_mixed: bool) -> None:
    row = f"{{group: a.io, kind: Thing, templates: [{templates}]}}"
    (found,) = policy(cluster=f"defaultClass: general, workloads: [{row}]").workloads.values()
    assert found.is_mixed == is_mixed


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        pytest.param(
            "{group: apps, kind: Deployment, templates: [{path: spec.template}]}",
            "p.yaml:6 spec.workloads[0].kind: Deployment of apps is built in, not described by "
            "policies: remove it",
            id="built-in",
        ),
        pytest.param(
            "{group: gpuclass.io, kind: GPUClass, templates: [{path: spec.template}]}",
            "p.yaml:6 spec.workloads[0].group: kinds of gpuclass.io make no pods: remove it",
            id="our-own",
        ),
        pytest.param(
            "{group: a.io, kind: thing, templates: [{path: spec.template}]}",
            "p.yaml:6 spec.workloads[0].kind: thing is no kind: a capital, then letters and "
            "digits, such as RayCluster",
            id="kind",
        ),
        pytest.param(
            '{group: a.io, kind: Thing, templates: [{path: "spec.a[0].b"}]}',
            "p.yaml:6 spec.workloads[0].templates[0].path: spec.a[0].b is no path of fields: names "
            'joined by ".", each with "[*]" after it where it holds many, such as '
            'spec.tasks[*].template, or "[name=x]" for one of them',
            id="path",
        ),
        pytest.param(
            "{group: a.io, kind: Thing, templates: []}",
            "p.yaml:6 spec.workloads[0].templates: empty; required: where its pod templates lie",
            id="no-template",
        ),
        pytest.param(
            "{group: a.io, kind: Thing, update: Once, templates: [{path: spec.a}]}",
            "p.yaml:6 spec.workloads[0].update: Once is not accepted; known: Always, "
            "Never, OnNewName, WhileSuspended",
            id="update",
        ),
        pytest.param(
            "{group: a.io, kind: Thing, templates: [{path: spec.a}, {path: spec.a}]}",
            "p.yaml:6 spec.workloads[0].templates[1]: path spec.a is listed twice, first at "
            "spec.workloads[0].templates[0]: keep one",
            id="template-twice",
        ),
        pytest.param(
            "{group: a.io, kind: Thing, templates: "
            '[{path: "spec.a[*].b", annotations: "spec.c[*].d"}]}',
            "p.yaml:6 spec.workloads[0].templates[0].annotations: spec.c[*].d has a [*] that "
            "spec.a[*].b has not: up to its last [*] it has to be the same as path",
            id="another-item",
        ),
        pytest.param(
            "{group: a.io, kind: Thing, templates: "
            '[{path: "spec.a[*].b", elsewhere: [spec.e, "spec.c[*].d"]}]}',
            "p.yaml:6 spec.workloads[0].templates[0].elsewhere[1]: spec.c[*].d has a [*] that "
            "spec.a[*].b has not: up to its last [*] it has to be the same as path",
            id="another-item-elsewhere",
        ),
        pytest.param(
            '{group: a.io, kind: Thing, suspend: "spec.a[*].b", templates: [{path: spec.a}]}',
            "p.yaml:6 spec.workloads[0].suspend: spec.a[*].b is many fields: one field suspends a "
            "workload",
            id="suspended-by-many",
        ),
    ],
)
def test_fault_is_told_at_its_field(row: str, fault: str) -> None:
    assert fault in faults(row)


def test_kind_is_listed_once() -> None:
    assert faults(PLAIN, PLAIN)[0] == (
        "p.yaml:7 spec.workloads[1]: group a.io, kind Thing is listed twice, first at "
        "spec.workloads[0]: keep one"
    )


def test_annotations_may_be_the_object_s_own_whatever_the_path() -> None:
    row = (
        "{group: a.io, kind: Thing, templates: "
        '[{path: "spec.a[*].b", annotations: metadata.annotations}]}'
    )
    assert not [each for each in faults(row) if "workloads" in each]
