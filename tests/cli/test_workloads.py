"""Workloads: manifests and the inputs of cases, told apart by what they are."""

import io
from pathlib import Path

from webhook.cli import workloads
from webhook.cli.judging import Requester
from webhook.cli.report import place
from webhook.core.errors import Fault

BOB = Requester(user="bob")
POD = "{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {}}"
CASE = (
    f"name: a case\nwhy: w\ninput: [{POD}, {POD}]\n"
    "expected: [{verdict: allow}, {verdict: allow}]\n"
)
UPDATE = (
    f"name: a case\nwhy: w\nrequest: {{user: carol, namespace: there}}\ninput: {POD}\nold: {POD}\n"
    "expected: {verdict: allow}\n"
)


def parse(text: str) -> list[str]:
    return [show(each) for each in workloads.parse(text, "w.yaml", "here", BOB)]


def show(found: workloads.Found) -> str:
    if isinstance(found, Fault):
        return place(found)
    manifest = found.manifest
    was = "" if found.old is None else ", updated"
    who = found.requester.user
    return f"{manifest.line} #{manifest.index} {manifest.namespace}/{manifest.name} by {who}{was}"


def test_manifests_are_in_the_namespace_and_by_the_user_that_were_given() -> None:
    assert parse(f"{POD}\n---\n{POD}\n") == ["1 #0 here/p by bob", "3 #1 here/p by bob"]


def test_cases_say_their_own_and_count_together() -> None:
    assert parse(f"{CASE}---\n{UPDATE}") == [
        "3 #0 default/p by gpuclass:reviewer",
        "3 #1 default/p by gpuclass:reviewer",
        "9 #2 there/p by carol, updated",
    ]


def test_what_is_wrong_is_given_among_the_others() -> None:
    assert parse(f"a: 1\n---\n{POD}\n") == [
        "w.yaml:1: no manifest: it has no kind",
        "3 #0 here/p by bob",
    ]
    assert parse(f"{CASE}---\nname: a case\n---\n: [\n")[-2:] == [
        "w.yaml:6: why is missing",
        "w.yaml:8: no valid YAML: did not find expected key",
    ]


def test_folders_and_standard_input_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(UPDATE)
    found = workloads.read([str(tmp_path), "-", "no.yaml"], io.BytesIO(POD.encode()), "here", BOB)
    assert [show(each) for each in found] == [
        "4 #0 there/p by carol, updated",
        "1 #0 here/p by bob",
        "no.yaml: no such file or directory",
    ]


def test_manifests_know_what_they_say_together_and_cases_what_is_given_to_them(
    tmp_path: Path,
) -> None:
    namespace = "{apiVersion: v1, kind: Namespace, metadata: {name: NAME}}"
    (tmp_path / "a.yaml").write_text(f"{UPDATE}given: {namespace.replace('NAME', 'there')}\n")
    (tmp_path / "b.yaml").write_text(POD)
    (tmp_path / "c.yaml").write_text(namespace.replace("NAME", "here"))
    found = workloads.read([str(tmp_path)], io.BytesIO(), "here", BOB)
    assert [
        list(each.cluster.namespaces)
        for each in found
        if isinstance(each, workloads.Workload) and each.cluster
    ] == [["there"], ["here"], ["here"]]


def test_what_can_not_be_read_of_the_cluster_is_a_fault() -> None:
    node = b"{apiVersion: v1, kind: Node, metadata: {name: a}, spec: {taints: 1}}"
    found = workloads.read(["-"], io.BytesIO(node), "here", BOB)
    assert [show(each) for each in found] == [
        "1 #0 here/a by bob",
        "-:1: spec.taints: expected a list, found a whole number",
    ]
