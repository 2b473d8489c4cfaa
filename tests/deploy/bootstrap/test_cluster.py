"""`cluster`: what is made, once, and what is left where it fails."""

import pytest
import yaml

from tests.deploy.bootstrap.bench import BOOTSTRAP, Bench

IMAGE = (
    "kindest/node:v1.36.1@sha256:3489c7674813ba5d8b1a9977baea8a6e553784dab7b84759d1014dbd78f7ebd5"
)
CREATE = f"kind create cluster --name new --image {IMAGE} --wait 180s --config -"
AFTER = [
    "kubectl --context kind-new --namespace kube-system delete secret bootstrap-token-abcdef "
    "--ignore-not-found",
    "kubectl --context kind-new taint node new-control-plane --overwrite "
    "node-role.kubernetes.io/control-plane:NoSchedule",
]


def test_a_cluster_is_made_and_kinds_own_token_deleted(bench: Bench) -> None:
    ran = bench.run("cluster", "--name", "new")
    assert (ran.code, ran.err, ran.changes) == (0, "", [CREATE, *AFTER])
    assert bench.world["secrets"] == {}
    (made,) = (each["stdin"] for each in ran.calls if each["call"][:2] == ["kind", "create"])
    assert made == (BOOTSTRAP / "kind.yaml").read_text(encoding="utf-8")
    assert "cluster new is ready" in ran.out


def test_a_cluster_that_is_there_is_checked_and_left(bench: Bench) -> None:
    ran = bench.run("cluster", "--name", "c")
    assert (ran.code, ran.changes) == (0, [each.replace("new", "c") for each in AFTER])
    assert "cluster c is there already\n" in ran.out


def test_a_host_with_the_old_control_groups_is_provided_for(bench: Bench) -> None:
    bench.set(cgroups="1")
    ran = bench.run("cluster", "--name", "new")
    (made,) = (each["stdin"] for each in ran.calls if each["call"][:2] == ["kind", "create"])
    (patch,) = yaml.safe_load(made)["kubeadmConfigPatches"]
    assert yaml.safe_load(patch) == {"kind": "KubeletConfiguration", "failCgroupV1": False}


def test_the_two_nodes_are_those_of_the_guide() -> None:
    found = yaml.safe_load((BOOTSTRAP / "kind.yaml").read_text(encoding="utf-8"))
    control, worker = found["nodes"]
    assert (control["role"], worker) == ("control-plane", {"role": "worker"})
    (patch,) = control["kubeadmConfigPatches"]
    assert yaml.safe_load(patch) == {
        "kind": "InitConfiguration",
        "nodeRegistration": {
            "taints": [{"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}]
        },
    }


def test_a_cluster_that_could_not_be_made_is_deleted(bench: Bench) -> None:
    ran = bench.run("cluster", "--name", "new", FAIL="kind create")
    assert (ran.code, ran.changes) == (1, [CREATE, "kind delete cluster --name new"])
    assert "cluster: this failed: make cluster new" in ran.err
    assert "\n  next: docker info; kind create cluster --name new" in ran.err


@pytest.mark.parametrize("call", ["delete secret", "taint node", "get nodes"])
def test_a_step_that_fails_afterwards_leaves_the_cluster_and_says_so(
    bench: Bench, call: str
) -> None:
    ran = bench.run("cluster", "--name", "new", "--timeout", "1", FAIL=call)
    assert ran.code == 1
    assert "cluster: this failed: " in ran.err
    assert "\n  next: kubectl --context kind-new " in ran.err
    assert bench.world["clusters"] == ["c", "new"]


def test_an_old_kind_is_refused(bench: Bench) -> None:
    bench.set(kind="kind v0.31.0 go1.25.5 linux/amd64")
    ran = bench.run("cluster")
    assert (ran.code, ran.changes) == (1, [])
    assert ran.err == (
        "cluster: kind v0.31.0 go1.25.5 linux/amd64 is too old for Kubernetes 1.36: v0.32.0 or "
        "newer is needed\n  next: https://kind.sigs.k8s.io/docs/user/quick-start/#installation\n"
    )


def test_a_dry_run_touches_nothing(bench: Bench) -> None:
    before = bench.world
    dry = bench.run("cluster", "--name", "new", "--dry-run")
    assert (dry.code, dry.err, dry.calls, bench.world) == (0, "", (), before)
    assert f"+ {CREATE} <<'END'\n" in dry.out
    assert all(f"+ {each}\n" in dry.out for each in AFTER)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["new"], "unknown argument new"),
        (["--name"], "--name wants a value"),
        (
            ["--name", "a_b"],
            "--name 'a_b' is no name of a node or cluster: small letters, digits and dashes, "
            "63 at most",
        ),
        (["--timeout", "soon"], "--timeout wants a number of seconds, not 'soon'"),
    ],
)
def test_what_is_written_wrongly_is_answered_by_one_line(
    bench: Bench, arguments: list[str], said: str
) -> None:
    ran = bench.run("cluster", *arguments)
    assert (ran.code, ran.out, ran.calls) == (2, "", ())
    assert ran.err == f"cluster: {said}; cluster --help says more\n"


@pytest.mark.parametrize("script", ["cluster", "argocd", "gpu-node", "verify"])
def test_help_teaches(bench: Bench, script: str) -> None:
    ran = bench.run(script, "--help")
    assert (ran.code, ran.err, ran.calls) == (0, "", ())
    assert ran.out.startswith(f"usage: {script} ")
    assert "--dry-run" in ran.out
    assert "example" in ran.out
