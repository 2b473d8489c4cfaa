"""`gpuclass audit` on dumps and a fake API server: what is said, and the exit codes."""

import io
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest
import yaml

from tests.cli import livecluster
from tests.cli.livecluster import Json, put
from tests.cli.shipped import POLICIES, policy
from tests.control.apiserver import HttpApi
from webhook.cli import json_objects, sources
from webhook.cli.audit_report import SHOWN
from webhook.cli.main import main

Audit: TypeAlias = Callable[..., tuple[int, list[str], list[str]]]

REVISION = policy().revision
ALONE = ("--policies", str(POLICIES))
GPU = {"resources": {"limits": {"nvidia.com/gpu": "1"}}}


def node(name: str, pool: str = "", gpus: int = 0) -> Json:
    roles = {"training": "gpu-training", "worker": "gpu-worker"}
    labels = {"nvidia.com/gpu.present": "true", "node-role": roles[pool]} if pool else {}
    taints = livecluster.TAINTS[:1] if pool else []
    if pool == "training":
        labels, taints = {**labels, "gpu-type": "training"}, livecluster.TAINTS
    return {
        "apiVersion": "v1",
        "kind": "Node",
        **livecluster.node(name, labels, taints, gpus),
    }


def pod(name: str, where: str = "gpu-1", namespace: str = "team", **spec: object) -> Json:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"nodeName": where, "containers": [{"name": "c"}], **spec},
    }


NODES = [node("gpu-1", "training", 8), node("cpu-1")]


def write(path: Path, *objects: Json) -> str:
    text = {"apiVersion": "v1", "kind": "List", "items": list(objects)}
    path.write_text(json.dumps(text) if path.suffix == ".json" else yaml.safe_dump(text))
    return str(path)


@pytest.fixture
def audit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Audit:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")

    def run(*arguments: str) -> tuple[int, list[str], list[str]]:
        code = main(["audit", *arguments])
        captured = capsys.readouterr()
        return code, captured.out.splitlines(), captured.err.splitlines()

    return run


WEB = (
    "runs on gpu-1 (pool training) and asks for no GPU: no field of it names GPU nodes, so the "
    "node had no taint that keeps it off when the pod came, or it was bound past the scheduler. "
    "Expected on a node of no pool: change what made it and delete it, or exempt its namespace "
    "(GPUPolicy spec.exempt). Who created it is not stored: if it was "
    "gpuclass:node-debuggers, it is exempt"
)
EMPTY = (
    "no node is of it: fine where it is scaled to zero, else compare its spec.selector and "
    "spec.claims with the labels and names of nodes"
)


def test_a_dump_is_told_of_in_a_table(audit: Audit, tmp_path: Path) -> None:
    name = write(tmp_path / "dump.json", *NODES, pod("web"), pod("other", "cpu-1"))
    code, out, err = audit(*ALONE, name)
    assert (code, err) == (1, [])
    assert out == [
        "SEVERITY  FINDING              OBJECT                   WHAT, AND WHAT TO DO",
        f"error     cpu-pod-on-gpu-node  Pod team/web             {WEB}",
        f"info      pool-without-nodes   GPUNodePool development  {EMPTY}",
        f"info      pool-without-nodes   GPUNodePool production   {EMPTY}",
        f"info      pool-without-nodes   GPUNodePool worker       {EMPTY}",
        "",
        f"4 findings (1 error, 3 info); 2 nodes and 2 pods looked at by revision {REVISION}",
    ]


def test_json_has_every_finding_whole(audit: Audit, tmp_path: Path) -> None:
    name = write(tmp_path / "dump.json", *NODES, pod("web"))
    code, out, _ = audit(*ALONE, "-o", "json", name)
    first, *others = json.loads("\n".join(out))
    assert code == 1
    assert first == {
        "finding": "cpu-pod-on-gpu-node",
        "severity": "error",
        "kind": "Pod",
        "namespace": "team",
        "name": "web",
        "message": WEB,
    }
    assert [(each["name"], each["namespace"]) for each in others] == [
        ("development", None),
        ("production", None),
        ("worker", None),
    ]


def test_github_gets_annotations(audit: Audit, tmp_path: Path) -> None:
    name = write(tmp_path / "dump.json", *NODES, pod("web"))
    _, out, _ = audit(*ALONE, "-o", "github", name)
    assert out[0] == f"::error title=gpuclass cpu-pod-on-gpu-node::Pod team/web: {WEB}"
    assert out[1].startswith(
        "::notice title=gpuclass pool-without-nodes::GPUNodePool development: no node is of it"
    )


def test_colour_marks_how_grave_it_is(audit: Audit, tmp_path: Path) -> None:
    name = write(tmp_path / "dump.json", *NODES, pod("web"))
    _, out, _ = audit(*ALONE, "--color", "always", name)
    assert out[1].startswith("\x1b[31merror   \x1b[0m  cpu-pod-on-gpu-node")


@pytest.mark.parametrize(
    ("objects", "flags", "code"),
    [
        ([pod("web")], (), 1),
        ([pod("web")], ("--fail-on", "error"), 1),
        ([pod("web")], ("--fail-on", "never"), 0),
        ([node("odd", gpus=1)], (), 1),
        ([node("odd", gpus=1)], ("--fail-on", "error"), 0),
        ([], (), 0),
        ([], ("--fail-on", "info"), 1),
    ],
)
def test_the_exit_code_is_by_severity(
    audit: Audit, tmp_path: Path, objects: list[Json], flags: tuple[str, ...], code: int
) -> None:
    assert audit(*ALONE, *flags, write(tmp_path / "dump.json", *NODES, *objects))[0] == code


def test_yaml_and_a_folder_say_the_same(audit: Audit, tmp_path: Path) -> None:
    whole = audit(*ALONE, write(tmp_path / "dump.json", *NODES, pod("web")))
    folder = tmp_path / "dump"
    folder.mkdir()
    write(folder / "nodes.yaml", *NODES)
    write(folder / "pods.json", pod("web"))
    assert audit(*ALONE, str(folder)) == whole


def test_standard_input_is_read(
    audit: Audit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = Path(write(tmp_path / "dump.json", *NODES, pod("web"))).read_bytes()
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text)))
    assert audit(*ALONE, "-")[0] == 1


def test_a_list_of_one_kind_names_it_once(audit: Audit, tmp_path: Path) -> None:
    bare = [{key: each[key] for key in each if key not in {"kind", "apiVersion"}} for each in NODES]
    listed = {"apiVersion": "v1", "kind": "NodeList", "items": bare}
    (tmp_path / "dump.json").write_text(json.dumps(listed))
    _, out, _ = audit(*ALONE, "dump.json")
    assert out[-1].endswith(f"2 nodes and 0 pods looked at by revision {REVISION}")


def test_many_alike_are_counted(audit: Audit, tmp_path: Path) -> None:
    pods = [pod(f"web-{number:02}") for number in range(SHOWN + 5)]
    _, out, _ = audit(*ALONE, write(tmp_path / "dump.json", *NODES, *pods))
    assert out[SHOWN + 1].split()[:3] == ["error", "cpu-pod-on-gpu-node", "..."]
    assert out[SHOWN + 1].endswith("and 5 more like these: -o json has all")
    assert out[-1].startswith(f"{SHOWN + 8} findings ({SHOWN + 5} error, 3 info)")


def test_a_namespace_is_looked_at_alone(audit: Audit, tmp_path: Path) -> None:
    name = write(tmp_path / "dump.json", *NODES, pod("web"), pod("web", namespace="mine"))
    _, out, _ = audit(*ALONE, "-n", "mine", name)
    assert [line.split()[3] for line in out[1:-2]] == ["mine/web"]
    assert out[-1].startswith("1 finding (1 error); 2 nodes and 1 pod looked at")


def test_a_pod_waits_until_the_dump_was_written(audit: Audit, tmp_path: Path) -> None:
    waiting = pod("x", "", containers=[{"name": "c", **GPU}])
    waiting["metadata"]["creationTimestamp"] = "2027-01-01T00:00:00Z"
    name = write(tmp_path / "dump.json", *NODES, waiting)
    for minutes, text in ((9, ""), (61, "waits for a GPU since 61 min: there is no node of pool")):
        os.utime(name, (0, 1798761600 + 60 * minutes))
        _, out, _ = audit(*ALONE, name)
        found = [line for line in out if "gpu-pod-waits" in line]
        assert len(found) == bool(text)
        assert all(text in line for line in found)
    assert not [
        line for line in audit(*ALONE, "--pending-minutes", "90", name)[1] if "waits" in line
    ]


def test_the_policy_of_a_dump_is_its_own(audit: Audit, tmp_path: Path) -> None:
    documents = [
        each
        for path in POLICIES.rglob("*.yaml")
        if path.parent.name != "cases" and path.name != "kustomization.yaml"
        for each in yaml.safe_load_all(path.read_text())
    ]
    name = write(tmp_path / "dump.json", *NODES, *documents)
    code, out, err = audit(name)
    assert (code, err) == (0, [])
    assert out[-1].endswith(f"looked at by revision {REVISION}")


def test_a_dump_whose_policy_is_not_sound_says_so(audit: Audit, tmp_path: Path) -> None:
    document = {"apiVersion": "gpuclass.io/v1alpha1", "kind": "GPUPolicy"}
    spec = {"metadata": {"name": "cluster"}, "spec": {"defaultClas": "none"}}
    name = write(tmp_path / "dump.json", *NODES, {**document, **spec})
    code, _, err = audit(name)
    text = "the GPUPolicy of the dump is not sound; --policies DIR names another"
    assert (code, err) == (2, [text])


NO_NODE = (
    "no Node in it; `kubectl get nodes,pods,namespaces,daemonsets,priorityclasses -A -o json` "
    "writes what is looked at"
)


EXPECTED = (
    "expected a dump, as `kubectl get nodes,pods -A -o json` writes it; without a file the cluster "
    "itself is asked"
)


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("a.json", '{"kind": "List", "apiVersion": "v1", "items": []}', f"a.json: {NO_NODE}"),
        ("a.json", '{"kind": ', "a.json: no JSON of the API server: Input data was truncated"),
        ("a.yaml", "kind: Node", "a.yaml:1: no manifest: it has no apiVersion"),
        (
            "a.json",
            '{"apiVersion": "v1", "kind": "Node", "metadata": {"labels": 5}}',
            "a.json: metadata.labels: expected",
        ),
        ("b.json", "{}", f"a.json: no such file or directory; {EXPECTED}"),
    ],
)
def test_what_can_not_be_read_is_a_line(
    audit: Audit, tmp_path: Path, file: str, text: str, said: str
) -> None:
    (tmp_path / file).write_text(text)
    code, out, (line,) = audit(*ALONE, "a.yaml" if file == "a.yaml" else "a.json")
    assert (code, out) == (2, [])
    assert line.startswith(said)


def test_yaml_is_bounded_and_says_what_to_do(
    audit: Audit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "MAX_BYTES", 1024**2)
    (tmp_path / "a.yaml").write_text("#" * (1024**2 + 1))
    text = "a.yaml: more than 1 MiB of YAML: write the dump with -o json"
    assert audit(*ALONE, "a.yaml") == (2, [], [text])
    assert json_objects.MAX_BYTES > sources.MAX_BYTES


def test_a_dump_and_a_cluster_are_two_things(audit: Audit) -> None:
    text = "--kubeconfig and --context name a cluster: leave out the files"
    assert audit("dump.json", "--context", "it") == (2, [], [text])


@pytest.fixture
def living(cluster: HttpApi) -> HttpApi:
    """Give a cluster with a pod on a GPU node, an agent among others."""
    put(cluster, "/api/v1/nodes/gpu-1", node("gpu-1", "training", 8))
    put(cluster, "/api/v1/pods/web", pod("web"))
    put(cluster, "/api/v1/namespaces/team/pods/web", pod("web"))
    return cluster


def test_a_cluster_is_asked_for_what_a_dump_has(living: HttpApi, audit: Audit) -> None:
    code, out, err = audit()
    assert (code, err) == (1, [])
    assert out[1] == f"error     cpu-pod-on-gpu-node  Pod team/web             {WEB}"
    assert out[-1].endswith(f"2 nodes and 1 pod looked at by revision {REVISION}")
    del living


def test_one_namespace_is_asked_for_alone(living: HttpApi, audit: Audit) -> None:
    del living.api.objects["/api/v1/pods/web"]
    code, out, _ = audit("-n", "team", "--context", "it")
    assert code == 1
    assert out[-1].startswith("1 finding (1 error); 2 nodes and 1 pod looked at")


def test_agents_are_not_judged_without_the_right_to_list_them(
    living: HttpApi, audit: Audit
) -> None:
    owner = {"kind": "DaemonSet", "name": "agent", "uid": "u", "controller": True}
    own = pod("agent-1")
    own["metadata"]["ownerReferences"] = [owner]
    put(living, "/api/v1/pods/agent-1", own)
    living.forbidden.add("/apis/apps/v1/daemonsets")
    code, out, _ = audit()
    assert code == 1
    (line,) = [line for line in out if "agent-1" in line]
    assert line.split()[:2] == ["info", "cpu-pod-unproved"]


def test_nodes_that_may_not_be_read_are_an_error(living: HttpApi, audit: Audit) -> None:
    living.forbidden.add("/api/v1/nodes")
    text = "GET /api/v1/nodes: GET /api/v1/nodes: 403 forbidden"
    assert audit()[::2] == (2, [text])


def test_an_api_server_out_of_order_is_an_error(living: HttpApi, audit: Audit) -> None:
    living.api.broken["/apis/apps/v1/daemonsets"] = 500
    code, _, (line,) = audit()
    assert (code, line) == (2, "GET /apis/apps/v1/daemonsets: GET /apis/apps/v1/daemonsets: broken")


def test_nobody_there_is_one_line(
    audit: Audit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("KUBECONFIG", "GPUCLASS_KUBECONFIG"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    code, _, (line,) = audit()
    assert code == 2
    assert line.endswith(
        "name one by --kubeconfig FILE (GPUCLASS_KUBECONFIG), or name the files of a dump"
    )
