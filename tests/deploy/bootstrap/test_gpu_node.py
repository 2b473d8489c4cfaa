"""`gpu-node`: the order of its commands, second runs, failures half-way, and that no token is told.

Every run of the bench asserts that no output and no argument holds the token.
"""

import re
import shlex
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.core.given import shipped
from tests.core.test_join import DISCOVERY
from tests.deploy.bootstrap.bench import BOOTSTRAP, Bench, Ran, registered
from webhook.core import join

NODE = "gpu-train-1"
ADD = ("add", NODE, "--type", "training")
POOL = next(each for each in shipped().pools if each.name == "training")
TOKEN = "bootstrap-token-abcdef"  # noqa: S105 - the Secret's name
KUBE = "kubectl --context kind-c --request-timeout 20s"
CREATE = (
    "docker exec c-control-plane kubeadm token create --ttl 10m --description "
    f"gpuclass: join of {NODE} --print-join-command"
)
WRITE = f"docker exec --interactive {NODE} sh -c umask 077 && cat >/kind/kubeadm.conf"
RUN = (
    f"docker run --detach --tty --name {NODE} --hostname {NODE} "
    "--label io.x-k8s.kind.cluster=c --label io.x-k8s.kind.role=worker "
    "--label gpuclass.io/pool=training --label gpuclass.io/gpus={gpus} "
    "--privileged --security-opt seccomp=unconfined --security-opt apparmor=unconfined "
    "--tmpfs /tmp --tmpfs /run --volume /var --volume /lib/modules:/lib/modules:ro "
    "--init=false --cgroupns=private --restart=on-failure:1 --net kind "
    "{more}kindest/node:v9@sha256:00"
)
JOIN = f"docker exec {NODE} kubeadm join --config /kind/kubeadm.conf"
DELETE_TOKEN = f"{KUBE} --namespace kube-system delete secret {TOKEN} --ignore-not-found"
DELETE_NODE = f"{KUBE} delete node {NODE} --ignore-not-found"
REMOVE = f"docker rm --force --volumes {NODE}"


def is_clean(bench: Bench) -> bool:
    """Tell whether nothing of the node is left: no container, no Node, no token."""
    world = bench.world
    return (list(world["containers"]), world["nodes"], world["secrets"]) == (
        ["c-control-plane"],
        {},
        {},
    )


def shown(ran: Ran) -> list[str]:
    """Give the commands that a dry run shows, each part of a pipeline for itself."""
    lines = [line[2:] for line in ran.out.splitlines() if line.startswith("+ ")]
    return [" ".join(shlex.split(part)) for line in lines for part in re.split(r" \| ", line)]


def test_a_node_is_added_in_this_order(bench: Bench) -> None:
    ran = bench.run("gpu-node", *ADD)
    assert (ran.code, ran.err) == (0, "joined, and said (token) where it should not\n")
    assert ran.changes == [RUN.format(gpus="none", more=""), CREATE, WRITE, JOIN, DELETE_TOKEN]
    boot = ran.commands.index(f"docker logs {NODE}")
    assert boot < ran.commands.index(f"docker exec {NODE} systemctl is-active --quiet containerd")
    world = bench.world
    assert list(world["nodes"]) == [NODE]
    assert world["secrets"] == {}
    assert f"{NODE} is a training node of cluster c" in ran.out


@pytest.mark.cluster
def test_the_node_joins_with_what_its_pool_says_and_kubeadm_takes(
    bench: Bench, kubeadm: Path, tmp_path: Path
) -> None:
    bench.run("gpu-node", *ADD)
    text = bench.world["files"][NODE]
    expected = join.configuration(POOL, node=NODE, kind="c", discovery=DISCOVERY)
    assert yaml.safe_load(text) == expected
    path = tmp_path / "kubeadm.conf"
    path.write_text(text, encoding="utf-8")
    command = [str(kubeadm), "config", "validate", "--config", str(path)]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (answer.returncode, answer.stderr) == (0, "")


def test_not_even_a_trace_of_the_script_tells_the_token(bench: Bench) -> None:
    ran = bench.run("gpu-node", *ADD, SHELLOPTS="xtrace")
    assert ran.code == 0
    assert "kubeadm token create" in ran.err


def test_a_second_run_changes_nothing(bench: Bench) -> None:
    bench.run("gpu-node", *ADD)
    again = bench.run("gpu-node", *ADD)
    assert (again.code, again.changes) == (0, [])
    assert f"{NODE} is a training node already" in again.out


@pytest.mark.parametrize(
    ("call", "said"),
    [
        pytest.param("docker run", f"start a container for {NODE}", id="run"),
        pytest.param("docker logs", f"wait until {NODE} has booted", id="boot"),
        pytest.param("is-active", f"wait until {NODE} has booted", id="containerd"),
        pytest.param("nvidia-smi", f"look for GPUs in {NODE}", id="nvidia-smi"),
        pytest.param("bash -s", f"give containerd in {NODE} NVIDIA's runtime", id="runtime"),
        pytest.param("token create", "make a token and write what", id="token"),
        pytest.param("cat >/kind", "make a token and write what", id="write"),
        pytest.param("kubeadm join --config", f"join {NODE} to cluster c", id="join"),
        pytest.param(r"get node \S+ --output json.*Ready", f"wait until {NODE} is", id="ready"),
        pytest.param("--output json$", f"compare {NODE} with pool training", id="compare"),
    ],
)
def test_a_step_that_fails_undoes_those_before_it(bench: Bench, call: str, said: str) -> None:
    ran = bench.run("gpu-node", *ADD, "--gpus", "all", "--timeout", "1", FAIL=call)
    assert ran.code == 1
    assert f"gpu-node: this failed: {said}" in ran.err
    assert "\n  next: " in ran.err
    assert is_clean(bench)


def test_a_failure_to_delete_the_token_is_no_success(bench: Bench) -> None:
    ran = bench.run("gpu-node", *ADD, FAIL="delete secret")
    assert ran.code == 1
    assert "gpu-node: this failed: delete the token\n" in ran.err
    assert bench.world["nodes"] == {}


def test_a_node_that_registered_bare_is_taken_back(bench: Bench) -> None:
    bare = registered("training")
    bench.set(registered={**bare, "spec": {"taints": bare["spec"]["taints"][1:]}})
    ran = bench.run("gpu-node", *ADD)
    assert ran.code == 1
    assert "taint nvidia.com/gpu=present:NoSchedule is missing" in ran.out
    assert is_clean(bench)


def test_an_interrupted_run_cleans_up(bench: Bench) -> None:
    bench.set(log="still booting")
    ran = bench.interrupt("docker logs", "gpu-node", *ADD)
    assert ran.code == 143
    assert is_clean(bench)


def test_what_a_killed_run_left_is_made_anew(bench: Bench) -> None:
    bench.run("gpu-node", *ADD)
    bench.set(
        nodes={}, secrets={TOKEN: f"gpuclass: join of {NODE}", "other": "gpuclass: join of x"}
    )
    ran = bench.run("gpu-node", *ADD)
    assert ran.code == 0
    assert ran.changes[:4] == [DELETE_TOKEN, REMOVE, DELETE_NODE, RUN.format(gpus="none", more="")]
    assert bench.world["secrets"] == {"other": "gpuclass: join of x"}


def test_real_gpus_are_looked_for_before_the_node_joins(bench: Bench) -> None:
    bench.set(gpus="1")
    ran = bench.run("gpu-node", *ADD, "--gpus", "all")
    assert ran.code == 0
    assert ran.changes[:4] == [
        RUN.format(gpus="all", more="--gpus all "),
        f"docker exec {NODE} nvidia-smi -L",
        f"docker exec --interactive {NODE} bash -s -- 1.19.0-1",
        CREATE,
    ]
    assert "allocatable" in ran.commands[-1]
    (given,) = (each["stdin"] for each in ran.calls if each["call"][-3:-1] == ["-s", "--"])
    assert given == (BOOTSTRAP / "lib" / "nvidia-runtime.sh").read_text(encoding="utf-8")


def test_a_node_whose_gpus_are_not_offered_stays_and_is_told(bench: Bench) -> None:
    ran = bench.run("gpu-node", *ADD, "--gpus", "all", "--timeout", "1")
    assert ran.code == 1
    assert "waited 1 s for gpu-train-1 to offer nvidia.com/gpu" in ran.err
    assert "does a device plugin run there?" in ran.err
    assert list(bench.world["nodes"]) == [NODE]
    bench.set(gpus="1")
    assert bench.run("gpu-node", *ADD, "--gpus", "all").code == 0


def test_pretended_gpus_are_written_into_the_status(bench: Bench) -> None:
    ran = bench.run("gpu-node", *ADD, "--gpus", "mock:4")
    assert ran.code == 0
    assert ran.changes[-1] == (
        f"{KUBE} patch node {NODE} --subresource status --type merge --patch "
        '{"status":{"capacity":{"nvidia.com/gpu":"4"}}}'
    )
    assert bench.run("gpu-node", *ADD, "--gpus", "mock:4").changes == []


def test_what_kind_set_for_this_host_is_set_too_and_no_password_is_told(bench: Bench) -> None:
    proxy = "http://user:secret@proxy:3128"
    bench.set(
        inspect={
            ".Config.Image": "kindest/node:v9@sha256:00",
            "NetworkMode": "kind",
            "Sysctls": "--sysctl=net.ipv6.conf.all.forwarding=1\n--userns=host",
            ".Config.Env": f"PATH=/bin\nHTTP_PROXY={proxy}\nKUBECONFIG=/etc/kubernetes/admin.conf",
        }
    )
    ran = bench.run("gpu-node", *ADD)
    more = "--sysctl=net.ipv6.conf.all.forwarding=1 --userns=host --env HTTP_PROXY "
    assert ran.changes[0] == RUN.format(gpus="none", more=more)
    (made,) = (each for each in ran.calls if each["call"][:2] == ["docker", "run"])
    assert made["env"] == {"HTTP_PROXY": proxy}
    assert "secret@" not in ran.out + ran.err


def test_a_dry_run_touches_nothing_and_shows_what_a_run_would_do(bench: Bench) -> None:
    before = bench.world
    dry = bench.run("gpu-node", *ADD, "--gpus", "mock", "--context", "kind-c", "--dry-run")
    assert (dry.code, dry.err, dry.calls, bench.world) == (0, "", (), before)
    wet = bench.run("gpu-node", *ADD, "--gpus", "mock", "--context", "kind-c")
    told = [
        each.replace("IMAGE-OF-THE-CONTROL-PLANE", "kindest/node:v9@sha256:00")
        for each in shown(dry)
    ]
    told = [each.replace("bootstrap-token-ID", TOKEN) for each in told]
    told = [each for each in told if not each.startswith("gpuclass ")]
    assert told == wet.commands


def test_a_node_is_removed_in_this_order_and_once(bench: Bench) -> None:
    bench.joined(NODE, "training")
    bench.set(secrets={TOKEN: f"gpuclass: join of {NODE}"})
    ran = bench.run("gpu-node", "remove", NODE)
    drain = (
        f"kubectl --context kind-c drain {NODE} --ignore-daemonsets --delete-emptydir-data "
        "--timeout 180s"
    )
    assert (ran.code, ran.changes) == (0, [drain, REMOVE, DELETE_NODE, DELETE_TOKEN])
    assert is_clean(bench)
    again = bench.run("gpu-node", "remove", NODE)
    assert (again.code, again.changes) == (0, [])
    assert f"there is no {NODE}: nothing to do" in again.out


def test_a_node_that_can_not_be_drained_stays(bench: Bench) -> None:
    bench.joined(NODE, "training")
    ran = bench.run("gpu-node", "remove", NODE, FAIL=" drain ")
    assert ran.code == 1
    assert ran.err.endswith(
        f"gpu-node: this failed: drain {NODE}\n"
        "  next: a PodDisruptionBudget or a bare pod stops it: --delete-bare-pods, or --no-drain\n"
    )
    assert list(bench.world["nodes"]) == [NODE]
    assert bench.run("gpu-node", "remove", NODE, "--no-drain").changes == [REMOVE, DELETE_NODE]


def test_a_node_without_a_container_is_removed_too(bench: Bench) -> None:
    bench.set(nodes={NODE: {}})
    ran = bench.run("gpu-node", "remove", NODE, "--delete-bare-pods")
    assert ran.code == 0
    assert ran.changes[0].endswith("--timeout 180s --force")
    assert ran.changes[1:] == [DELETE_NODE]


def test_nodes_are_listed(bench: Bench) -> None:
    bench.joined(NODE, "training", gpus="mock")
    bench.set(gpus="1")
    ran = bench.run("gpu-node", "list")
    assert (ran.code, ran.changes) == (0, [])
    rows = [line.split() for line in ran.out.splitlines()[-2:]]
    assert rows == [
        ["NAME", "TYPE", "GPUS", "CONTAINER", "READY", "ALLOCATABLE"],
        [NODE, "training", "mock", "running", "True", "1"],
    ]


@pytest.mark.parametrize("verb", [["add", "x", "--type", "worker"], ["remove", "x"]])
def test_a_container_that_is_not_ours_is_left_alone(bench: Bench, verb: list[str]) -> None:
    containers = {**bench.world["containers"], "x": {"io.x-k8s.kind.cluster": "c"}}
    bench.set(containers=containers)
    ran = bench.run("gpu-node", *verb)
    assert (ran.code, ran.changes) == (1, [])
    first, second = ran.err.splitlines()
    assert first == "gpu-node: container x is none that gpu-node added to cluster c"
    assert second.startswith("  next: ")


def test_a_node_without_a_container_is_not_joined_again(bench: Bench) -> None:
    bench.set(nodes={NODE: {}})
    ran = bench.run("gpu-node", *ADD)
    assert (ran.code, ran.changes) == (1, [])
    assert ran.err == (
        f"gpu-node: node {NODE} is in the cluster and has no container here: a kubelet of that "
        "name would not taint it\n"
        f"  next: another name, or: {BOOTSTRAP}/gpu-node remove {NODE}\n"
    )


def test_a_node_of_another_type_is_not_changed(bench: Bench) -> None:
    bench.joined("n1", "training")
    ran = bench.run("gpu-node", "add", "n1", "--type", "worker")
    assert (ran.code, ran.changes) == (1, [])
    assert ran.err.startswith("gpu-node: n1 is of type training already\n  next: ")


@pytest.mark.parametrize(
    ("world", "said"),
    [
        pytest.param({"context": ""}, "kubectl has no current context", id="no-context"),
        pytest.param({"context": "prod"}, "context prod is no kind cluster's", id="not-kind"),
        pytest.param(
            {"server": "https://10.0.0.1:6443"},
            "context kind-c leads to https://10.0.0.1:6443, and c-control-plane answers on "
            "127.0.0.1:7777",
            id="another-server",
        ),
        pytest.param(
            {"context": "kind-d"},
            "context kind-d: no container d-control-plane runs here",
            id="no-container",
        ),
    ],
)
@pytest.mark.parametrize("verb", [ADD, ("remove", NODE)], ids=["add", "remove"])
def test_a_cluster_that_is_no_kind_cluster_of_this_machine_is_refused(
    bench: Bench, world: dict[str, str], said: str, verb: tuple[str, ...]
) -> None:
    bench.set(**world)
    ran = bench.run("gpu-node", *verb)
    assert (ran.code, ran.changes) == (1, [])
    assert f"gpu-node: {said}\n  next: " in ran.err


def test_another_context_can_be_forced(bench: Bench) -> None:
    bench.set(context="lab")
    assert bench.run("gpu-node", *ADD, "--force", "--cluster", "c").code == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "say what to do: add, list or remove"),
        (["ad", "x"], "there is no 'ad': add, list or remove"),
        (["add"], "add which node? a name is missing"),
        (["remove"], "remove which node? a name is missing"),
        (["add", "x"], "--type is missing: development, production, training or worker"),
        (["add", "x", "--type"], "--type wants a value"),
        (["add", "x", "--type", "--dry-run"], "--type wants a value"),
        (["add", "x", "y", "--type", "worker"], "one argument too many: y"),
        (["list", "x"], "one argument too many: x"),
        (["list", "--typ"], "unknown flag --typ"),
        (["list", "--timeout", "0"], "--timeout wants a number of seconds, not '0'"),
        (
            ["add", "x", "--gpus", "some"],
            "--gpus 'some' is none of all, none, mock and mock:COUNT",
        ),
        (
            ["add", "X;rm"],
            "NAME 'X;rm' is no name of a node or cluster: small letters, digits and dashes, "
            "63 at most",
        ),
    ],
)
def test_what_is_written_wrongly_is_answered_by_one_line(
    bench: Bench, arguments: list[str], said: str
) -> None:
    ran = bench.run("gpu-node", *arguments)
    assert (ran.code, ran.out, ran.calls) == (2, "", ())
    assert ran.err == f"gpu-node: {said}; gpu-node --help says more\n"


def test_a_type_that_is_no_pool_is_told_before_anything_is_made(bench: Bench) -> None:
    ran = bench.run("gpu-node", "add", "x", "--type", "trainng")
    assert (ran.code, ran.changes) == (2, [])
    assert "no pool trainng; known: development, production, training, worker" in ran.err


def test_a_name_that_another_pool_claims_is_told_before_anything_is_made(bench: Bench) -> None:
    ran = bench.run("gpu-node", "add", "gpu-dev-1", "--type", "training")
    assert (ran.code, ran.changes) == (2, [])
    assert "node gpu-dev-1: it is of pool development by its name" in ran.err
