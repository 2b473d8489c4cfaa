"""`gpuclass export` on dumps and a fake API server: files, what is said, and the exit codes."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tests.cli import livecluster
from tests.cli.livecluster import OWN, put
from tests.cli.shipped import POLICIES, policy
from tests.control.apiserver import HttpApi
from tests.core.adopt.clusters import CLUSTERS, eks, gpus, guide, kind, node
from webhook.cli import policy_files
from webhook.cli.main import main
from webhook.core.adopt.derived import Derived
from webhook.core.policy import strict_yaml
from webhook.core.policy.located import Located
from webhook.watch import policies

Json: TypeAlias = dict[str, Any]
Export: TypeAlias = Callable[..., tuple[int, str, str]]


def write(path: Path, *objects: Json) -> str:
    path.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)}))
    return str(path)


@pytest.fixture
def export(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Export:
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> tuple[int, str, str]:
        try:
            code = main(["export", *arguments])
        except SystemExit as end:
            code = int(end.code or 0)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


@pytest.fixture
def shipped_dump(tmp_path: Path) -> str:
    """Give the shipped documents as an API server has them, and the nodes of the guide."""
    documents = [
        each
        for path in sorted(POLICIES.rglob("*.yaml"))
        if path.parent.name != "cases" and path.name != "kustomization.yaml"
        for each in yaml.safe_load_all(path.read_text())
    ]
    for each in documents:
        each["metadata"] |= {
            "uid": "1",
            "resourceVersion": "7",
            "generation": 2,
            "creationTimestamp": "2026-11-27T00:00:00Z",
            "managedFields": [{"manager": "kubectl"}],
            "annotations": {
                "kubectl.kubernetes.io/last-applied-configuration": "{}",
                "argocd.argoproj.io/tracking-id": "gpu-policies:x",
                "argocd.argoproj.io/sync-wave": "-2",
            },
        }
        each["status"] = {"nodes": 1}
    system = {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "value": 9}
    others = [system | {"metadata": {"name": name}} for name in ("of-another", "system-x")]
    return write(tmp_path / "dump.json", *documents, *others, *guide())


def test_the_documents_of_a_dump_are_written_in_the_layout_of_policies(
    export: Export, shipped_dump: str, tmp_path: Path
) -> None:
    code, out, err = export(shipped_dump, "--to", "made")
    written = "made: written: 2 PriorityClass, 4 GPUNodePool, 4 GPUClass, 1 GPUPolicy\n"
    assert (code, out, err) == (0, written, "")
    made = tmp_path / "made"
    assert sorted(path.relative_to(made).as_posix() for path in made.rglob("*.yaml")) == sorted(
        path.relative_to(POLICIES).as_posix()
        for path in POLICIES.rglob("*.yaml")
        if path.parent.name != "cases"
    )
    assert policies.load(made).revision == policy().revision
    assert (made / "classes" / "production.yaml").read_text() == (
        "apiVersion: gpuclass.io/v1alpha1\n"
        "kind: GPUClass\n"
        "metadata:\n"
        "  name: production\n"
        "  annotations:\n"
        '    argocd.argoproj.io/sync-wave: "-2"\n'
        "spec:\n"
        "  pools:\n"
        "  - name: production\n"
        "  placement: Required\n"
        "  priorityClassName: gpu-high-priority\n"
    )
    assert yaml.safe_load((made / "kustomization.yaml").read_text())["resources"] == [
        "priorityclasses.yaml",
        "pools",
        "classes",
        "policy.yaml",
    ]


def test_to_standard_output_they_are_one_stream_in_the_order_of_applying(
    export: Export, shipped_dump: str
) -> None:
    code, out, err = export(shipped_dump)
    assert (code, err) == (0, "")
    kinds = [each["kind"] for each in yaml.safe_load_all(out)]
    assert kinds == ["PriorityClass"] * 2 + ["GPUNodePool"] * 4 + ["GPUClass"] * 4 + ["GPUPolicy"]


def test_nothing_is_overwritten_unasked(export: Export, shipped_dump: str, tmp_path: Path) -> None:
    (tmp_path / "made" / "pools").mkdir(parents=True)
    mine = tmp_path / "made" / "policy.yaml"
    mine.write_text("mine")
    code, out, err = export(shipped_dump, "--to", "made")
    assert (code, out) == (2, "")
    assert err == (
        "made: not empty (policy.yaml is there): name another folder, or add --force to overwrite "
        "files of the same names\n"
    )
    assert mine.read_text() == "mine"
    left = tmp_path / "made" / "pools" / "old.yaml"
    left.write_text("# mine")
    (tmp_path / "made" / ".hidden.yaml").write_text("")
    code, out, err = export(shipped_dump, "--to", "made", "--force")
    assert (code, err) == (
        1,
        "decide: made/pools/old.yaml: holds nothing that was exported, and is left as it is: "
        "remove it if its documents are gone\n",
    )
    assert "GPUPolicy" in mine.read_text()
    assert left.read_text() == "# mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["dump.json", "made"]


def test_a_folder_that_can_not_be_written_is_named(export: Export, shipped_dump: str) -> None:
    code, out, err = export(shipped_dump, "--to", "dump.json/made")
    assert (code, out, err) == (2, "", "dump.json: can not be written: File exists\n")


@pytest.mark.parametrize("name", CLUSTERS)
def test_adopted_documents_are_sound_and_no_node_is_of_no_pool(
    name: str, export: Export, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dump = write(tmp_path / "dump.json", *CLUSTERS[name]())
    code, out, _ = export("--adopt", "--to", "made", dump)
    assert (code, out.startswith("made: written: ")) == (0, True)
    assert main(["lint", "made"]) == 0
    capsys.readouterr()
    main(["audit", "--policies", "made", "-o", "json", dump])
    found = {each["finding"] for each in json.loads(capsys.readouterr().out)}
    assert found <= {"pool-without-taint", "node-offers-no-gpu"}


def test_what_the_nodes_do_not_tell_is_said_and_in_the_exit_code(
    export: Export, tmp_path: Path
) -> None:
    bare = node("gpu-2", offers=gpus(1))
    code, out, err = export("--adopt", write(tmp_path / "dump.json", *eks(), bare))
    assert code == 1
    assert "kind: GPUNode\n" in out
    assert [line.split(": ")[:2] for line in err.splitlines()] == [
        ["decide", "GPUNodePool gpu"],
        ["look at", "GPUNodePool gpu"],
        ["look at", "GPUNodePool gpus-a10g"],
        ["look at", "GPUNodePool gpus-h100-80gb-hbm3"],
    ]


def test_priorities_are_those_that_gpu_pods_have_today(export: Export, tmp_path: Path) -> None:
    def pod(name: str, priority: str, amount: str = "1", phase: str = "Running") -> Json:
        container = {"name": "c", "resources": {"limits": {"nvidia.com/gpu": amount}}}
        spec = {"nodeName": "kind-worker2", "priorityClassName": priority}
        return {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name, "namespace": "team"},
            "spec": spec | {"containers": [container]},
            "status": {"phase": phase},
        }

    pods = [
        pod("train", "research"),
        pod("agent", "system-node-critical"),
        pod("web", "other", "0"),
        pod("over", "other", phase="Succeeded"),
    ]
    research = {
        "apiVersion": "scheduling.k8s.io/v1",
        "kind": "PriorityClass",
        "metadata": {"name": "research"},
        "value": 7,
    }
    _, out, _ = export("--adopt", write(tmp_path / "dump.json", *kind(), *pods, research))
    documents = {each["kind"]: each for each in yaml.safe_load_all(out)}
    assert documents["GPUClass"]["spec"]["priorityClassName"] == "research"
    assert documents["PriorityClass"] == research


def test_a_cluster_without_documents_is_told_how_to_get_some(
    export: Export, tmp_path: Path
) -> None:
    dump = write(tmp_path / "dump.json", *kind()[:2])
    assert export(dump) == (
        2,
        "",
        f"no document of gpuclass in {dump}; --adopt derives pools and classes from the GPU nodes "
        "that are there\n",
    )
    assert export("--adopt", dump) == (
        2,
        "",
        f"no document of gpuclass in {dump}, and no node that offers a GPU or has a label or taint "
        "of one: nothing to adopt\n",
    )


def test_a_dump_is_read_from_standard_input_too(
    export: Export, monkeypatch: pytest.MonkeyPatch
) -> None:
    def given(text: str) -> None:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode())))

    given('{"apiVersion": "v1", "kind": "List", "items": []}')
    message = "no Node in -: `kubectl get nodes,pods -A -o json` writes what is looked at\n"
    assert export("--adopt", "-") == (2, "", message)
    given("[]")
    message = "-:1: no manifest: expected a mapping, found a list\n"
    assert export("--adopt", "-") == (2, "", message)


def test_a_document_that_is_wrong_is_written_as_it_is_and_told_of(
    export: Export, tmp_path: Path
) -> None:
    lost = {
        "apiVersion": "gpuclass.io/v1alpha1",
        "kind": "GPUClass",
        "metadata": {"name": "lost"},
        "spec": {"pools": [{"name": "nowhere"}]},
    }
    code, out, err = export(write(tmp_path / "dump.json", lost), "--to", "made")
    assert (code, out) == (1, "made: written: 1 GPUClass\n")
    assert err == (
        "wrong in the cluster, written as it is: made: no GPUPolicy: add one, named cluster\n"
        "wrong in the cluster, written as it is: made/classes/lost.yaml:7: spec.pools[0].name: "
        "there is no GPUNodePool nowhere; there is none\n"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--force",), "--force is about a folder: add --to DIR"),
        (("--gpunodes",), "--gpunodes is about adopted nodes: add --adopt"),
    ],
)
def test_flags_that_say_nothing_are_refused(
    arguments: tuple[str, ...], message: str, export: Export
) -> None:
    code, out, err = export(*arguments)
    assert (code, out) == (2, "")
    assert err == f"gpuclass export: {message}; gpuclass export --help says more\n"


def test_a_dump_that_is_not_there_is_said_with_what_was_expected(export: Export) -> None:
    assert export("--adopt", "none.json") == (
        2,
        "",
        "none.json: no such file or directory; expected a dump, as `kubectl get nodes,pods -A "
        "-o json` writes it; without a file the cluster itself is asked\n",
    )


def test_a_cluster_and_files_are_not_asked_at_once(export: Export) -> None:
    answer = export("x.json", "--context", "gpus")
    assert answer == (2, "", "--kubeconfig and --context name a cluster: leave out the files\n")


def test_a_cluster_that_is_there_is_exported(export: Export, tmp_path: Path) -> None:
    with HttpApi() as api:
        livecluster.fill(api)
        named = f"--kubeconfig={api.kubeconfig(tmp_path)}"
        assert export(named, "--to", "made")[0] == 0
        assert policies.load(tmp_path / "made").revision == policy().revision
        put(api, "/api/v1/nodes/own", node("own", {"gpu-type": "own"}, [], gpus(2)))
        api.forbidden.add("/api/v1/pods")
        code, out, err = export(named, "--adopt", "--to", "more")
        assert (code, "5 GPUNodePool, 5 GPUClass, 1 GPUPolicy for 1 GPU node of" in out) == (
            1,
            True,
        )
        assert err.startswith("decide: pods: GET /api/v1/pods: ")
        api.forbidden.add(f"{OWN}/gpuclasses")
        code, out, err = export(named)
        assert (code, out) == (2, "")
        assert err.startswith(f"GET {OWN}/gpuclasses: ")


TRICKY = st.one_of(
    st.sampled_from(
        ["yes", "NO", "010", "1e3", "12:30", "0x1f", "null", "~", "=", "<<", "1_0", ""]
    ),
    st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=20),
    st.text("\n\t -:#'\"{}[]&*!|>%@`,?", max_size=12),
)


@given(st.dictionaries(TRICKY, TRICKY, max_size=4), TRICKY)
def test_whatever_text_says_it_is_read_back_as_it_was(values: dict[str, str], text: str) -> None:
    value: Json = {"kind": "GPUPolicy", "metadata": {"name": "x", "annotations": values}, "x": text}
    documents, faults = strict_yaml.read(
        policy_files.text(Derived(value=value, comment=("c",))), ""
    )
    assert faults == ()
    assert plain(documents[0]) == value


def plain(node: Located) -> object:
    if isinstance(node.value, dict):
        return {key: plain(each) for key, each in node.value.items()}
    return [plain(each) for each in node.value] if isinstance(node.value, tuple) else node.value


def test_the_page_shows_what_is_written(export: Export, tmp_path: Path) -> None:
    page = (POLICIES.parent / "docs" / "export.md").read_text()
    console = page.partition("```console\n")[2].partition("```")[0]
    first, _, second = console.partition("$ cat ")
    write(tmp_path / "dump.json", *eks())
    code, out, err = export("--adopt", "--to", "policies", "dump.json")
    assert code == 0
    assert first == f"$ gpuclass export --adopt --to policies dump.json\n{out}{err}"
    name, _, text = second.partition("\n")
    assert (tmp_path / name).read_text() == text
