"""One program under several names: docker, kind, kubectl, curl. Run as a script, never imported.

It notes each call, keeps a small world in a file (containers, nodes, tokens, objects), and fails
where FAIL names a part of the call. It answers in the words of the real programs where the scripts
read them; STAND_IN_KUBEADM is a program that answers for kubeadm instead, and kustomizations are
built by REAL_KUBECTL.
"""

import fcntl
import json
import os
import re
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any, NoReturn, TypeAlias

Json: TypeAlias = dict[str, Any]

FOLDER = Path(os.environ["STAND_IN"])
TOOL = Path(sys.argv[0]).name
ARGUMENTS = sys.argv[1:]
CALL = " ".join([TOOL, *ARGUMENTS])
SECRET = os.environ["STAND_IN_TOKEN"]


class World:
    """What there is, held under a lock from reading to writing."""

    def __enter__(self) -> Json:
        """Read it."""
        self.lock = (FOLDER / "lock").open("w", encoding="utf-8")
        fcntl.flock(self.lock, fcntl.LOCK_EX)
        found: Json = json.loads((FOLDER / "world").read_text(encoding="utf-8"))
        self.data = found
        return found

    def __exit__(self, *_: object) -> None:
        """Write it."""
        (FOLDER / "world").write_text(json.dumps(self.data), encoding="utf-8")
        self.lock.close()


def flag(name: str) -> str:
    return ARGUMENTS[ARGUMENTS.index(name) + 1]


def flags(name: str) -> list[str]:
    return [after for each, after in pairwise(ARGUMENTS) if each == name]


def fail(text: str) -> NoReturn:
    sys.stderr.write(f"{text}\n")
    sys.exit(1)


def note(data: str) -> None:
    with (FOLDER / "calls").open("a", encoding="utf-8") as log:
        environment = {k: v for k, v in os.environ.items() if k.upper().endswith("_PROXY")}
        log.write(
            json.dumps({"call": [TOOL, *ARGUMENTS], "stdin": data, "env": environment}) + "\n"
        )
    wanted = os.environ.get("FAIL")
    if wanted and re.search(wanted, CALL):
        fail(f"{TOOL}: injected failure")


def docker(world: Json) -> object:  # noqa: PLR0911 - a table of verbs
    verb = ARGUMENTS[0]
    if verb == "port":
        return world["port"] if ARGUMENTS[1] in world["containers"] else fail("No such container")
    if verb == "info":
        return world["cgroups"]
    if verb == "inspect":
        for part, answer in world["inspect"].items():
            if part in ARGUMENTS[2]:
                return answer
        return ""
    if verb == "run":
        labels = dict(each.split("=", 1) for each in flags("--label"))
        world["containers"][flag("--name")] = labels
        return "0123456789abcdef"
    if verb == "logs":
        return world["log"]
    if verb == "ps":
        return ps(world)
    if verb == "rm":
        found = world["containers"].pop(ARGUMENTS[-1], None)
        return ARGUMENTS[-1] if found is not None else fail("No such container")
    return inside(world)


def ps(world: Json) -> object:
    (wanted, *_) = flags("--filter")
    lines = []
    for name, labels in world["containers"].items():
        cluster, pool = labels.get("io.x-k8s.kind.cluster", ""), labels.get("gpuclass.io/pool", "")
        if wanted.startswith("name=") and re.search(wanted[5:], name):
            lines.append(f"{name}:{cluster}:{pool}")
        elif wanted.startswith("label=") and pool:
            lines.append(f"{name} {pool} {labels['gpuclass.io/gpus']} running")
    return "\n".join(lines)


def inside(world: Json) -> object:
    container, *command = [each for each in ARGUMENTS[1:] if each != "--interactive"]
    if command[0] == "kubeadm" and (hook := os.environ.get("STAND_IN_KUBEADM")):
        text = world["files"].get(container, "")
        return ask([hook, *command[1:]], text)
    if command[:3] == ["kubeadm", "token", "create"]:
        name = f"bootstrap-token-{SECRET[:6]}"
        world["secrets"][name] = command[command.index("--description") + 1]
        return (
            f"kubeadm join c-control-plane:6443 --token {SECRET} "
            f"--discovery-token-ca-cert-hash sha256:{'0a' * 32} "
        )
    if command[:2] == ["kubeadm", "join"]:
        if container not in world["files"]:
            fail("no configuration")
        world["nodes"][container] = {}
        return f"joined, and said {SECRET} where it should not"
    return ""


def kind(world: Json) -> object:
    if ARGUMENTS[0] == "version":
        return world["kind"]
    if ARGUMENTS[:2] == ["get", "clusters"]:
        return "\n".join(world["clusters"])
    name = flag("--name")
    if ARGUMENTS[0] == "create":
        world["clusters"].append(name)
        world["containers"][f"{name}-control-plane"] = {"io.x-k8s.kind.cluster": name}
        world["secrets"]["bootstrap-token-abcdef"] = "kind"
    elif name in world["clusters"]:
        world["clusters"].remove(name)
    return ""


def kubectl(world: Json, data: str) -> object:  # noqa: C901 - a table of verbs
    words = [each for each in ARGUMENTS if not each.startswith("-")]
    for name in ("--context", "--request-timeout", "--namespace"):
        for each in flags(name):
            words.remove(each)
    if words[0] == "config":
        return config(world, words)
    if words[:2] == ["get", "secrets"]:
        template = flag("--output")
        return "\n".join(n for n, said in world["secrets"].items() if f'"{said}"' in template)
    if words[:2] == ["get", "node"]:
        return node(world, words[2])
    if words[:2] == ["get", "nodes"]:
        return "True True"
    if words[:2] == ["delete", "secret"]:
        world["secrets"].pop(words[2], None)
    if words[:2] == ["delete", "node"]:
        world["nodes"].pop(words[2], None)
    if words[0] == "patch":
        world["gpus"] = flag("--patch")
    if words[:2] == ["get", "application"]:
        return world["application"]
    if words[0] == "apply":
        if "--kustomize" in ARGUMENTS:
            data = built(flag("--kustomize"))
        world["applied"].append(data)
    return ""


def built(folder: str) -> str:
    """Build a kustomization by the real kubectl."""
    return ask([os.environ["REAL_KUBECTL"], "kustomize", folder], "")


def ask(command: list[str], text: str) -> str:
    """Give what a real program answers, or fail as it does."""
    import subprocess  # noqa: PLC0415 # most calls start no program, and this would slow each

    ran = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    return ran.stdout if ran.returncode == 0 else fail(ran.stderr)


def config(world: Json, words: list[str]) -> object:
    if words[1] == "current-context":
        return world["context"] or fail("error: current-context is not set")
    return world["server"]


def node(world: Json, name: str) -> str:
    if name not in world["nodes"]:
        return "" if "--ignore-not-found" in ARGUMENTS else fail("NotFound")
    output = flag("--output")
    if output == "json":
        return json.dumps({"kind": "Node", "metadata": {"name": name}, **world["registered"]})
    if "allocatable" in output:
        return "1" if world.get("gpus") else ""
    return f"node/{name}" if output == "name" else "True"


def curl(world: Json) -> str:
    Path(flag("--output")).write_bytes(Path(world["manifest"]).read_bytes())
    return ""


def main() -> None:
    data = ""
    is_fed = ARGUMENTS[-2:] in (["--config", "-"], ["--filename", "-"])
    if is_fed or "--interactive" in ARGUMENTS:
        data = sys.stdin.read()
    note(data)
    with World() as world:
        if "--interactive" in ARGUMENTS:
            world["files"][ARGUMENTS[2]] = data
        programs: dict[str, Callable[[], object]] = {
            "docker": lambda: docker(world),
            "kind": lambda: kind(world),
            "kubectl": lambda: kubectl(world, data),
            "curl": lambda: curl(world),
        }
        answer = programs[TOOL]()
    if answer:
        sys.stdout.write(f"{answer}\n")


if __name__ == "__main__":
    main()
