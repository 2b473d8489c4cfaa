"""A place to run a script of deploy/bootstrap in: each program that it calls is a stand-in."""

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.core.given import shipped
from tests.core.test_join import TOKEN as SECRET
from webhook.core import join

ROOT = Path(__file__).parents[3]
BOOTSTRAP = ROOT / "deploy" / "bootstrap"
GPUCLASS = Path(sys.executable).parent / "gpuclass"
TOOLS = ("docker", "kind", "kubectl", "curl")
DEADLINE = 300

QUERIES = re.compile(
    r"docker (port|inspect|ps|logs|info)|docker exec \S+ systemctl|kind (version|get)|"
    r"kubectl( \S+)* (get|config|rollout|wait)\b"
)
"""Calls that change nothing."""

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """How a script ended, what it said, and what it called."""

    code: int
    out: str
    err: str
    calls: tuple[Json, ...]

    @property
    def commands(self) -> list[str]:
        """Give each call on one line."""
        return [" ".join(each["call"]) for each in self.calls]

    @property
    def changes(self) -> list[str]:
        """Give the calls that change something."""
        return [each for each in self.commands if not QUERIES.match(each)]


class Bench:
    """The world and the stand-ins of one test."""

    def __init__(self, folder: Path) -> None:
        """Lay it out with a cluster `c` that is there."""
        self.folder = folder
        self.scripts = BOOTSTRAP
        self.variables: dict[str, str] = {}
        self._tools = folder / "tools"
        self._tools.mkdir()
        text = (Path(__file__).parent / "stand_in.py").read_text(encoding="utf-8")
        for tool in TOOLS:
            self.put(tool, f"#!{sys.executable} -SE\n{text}")
        self.world = {
            "context": "kind-c",
            "server": "https://127.0.0.1:7777",
            "port": "127.0.0.1:7777",
            "cgroups": "2",
            "kind": "kind v0.32.0 go1.26.1 linux/amd64",
            "log": "[  OK  ] Reached target multi-user.target - Multi-User System.",
            "clusters": ["c"],
            "containers": {"c-control-plane": {"io.x-k8s.kind.cluster": "c"}},
            "inspect": {".Config.Image": "kindest/node:v9@sha256:00", "NetworkMode": "kind"},
            "nodes": {},
            "secrets": {},
            "files": {},
            "applied": [],
            "application": "Synced Healthy",
            "registered": registered("training"),
        }

    def put(self, tool: str, text: str) -> Path:
        """Put a program of the test's own in place of a stand-in, or beside them."""
        path = self._tools / tool
        path.write_text(text, encoding="utf-8")
        path.chmod(0o755)
        return path

    @property
    def world(self) -> Json:
        """Give what there is."""
        found: Json = json.loads((self.folder / "world").read_text(encoding="utf-8"))
        return found

    @world.setter
    def world(self, world: Json) -> None:
        (self.folder / "world").write_text(json.dumps(world), encoding="utf-8")

    def set(self, **more: object) -> None:
        """Change parts of the world."""
        self.world = {**self.world, **more}

    def joined(self, node: str, pool: str, gpus: str = "none") -> None:
        """Let a node be there as an earlier run left it."""
        world = self.world
        world["containers"][node] = {
            "io.x-k8s.kind.cluster": "c",
            "gpuclass.io/pool": pool,
            "gpuclass.io/gpus": gpus,
        }
        world["nodes"][node] = {}
        self.world = world

    def run(self, script: str, *arguments: str, **variables: str) -> Ran:
        """Run a script to its end."""
        self._forget()
        answer = subprocess.run(
            [str(self.scripts / script), *arguments],
            env=self.environment(variables),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=DEADLINE,
            check=False,
        )
        return self._ran(answer.returncode, answer.stdout, answer.stderr)

    def interrupt(self, call: str, script: str, *arguments: str) -> Ran:
        """Run a script, and send it SIGTERM once it has made a call."""
        self._forget()
        command = [str(self.scripts / script), *arguments]
        pipe = subprocess.PIPE
        with subprocess.Popen(
            command, env=self.environment({}), stdout=pipe, stderr=pipe, text=True
        ) as process:
            end = time.monotonic() + DEADLINE
            while call not in self._log() and time.monotonic() < end:
                time.sleep(0.05)
            process.send_signal(signal.SIGTERM)
            out, err = process.communicate(timeout=DEADLINE)
        return self._ran(process.returncode, out, err)

    def environment(self, variables: Mapping[str, str]) -> dict[str, str]:
        """Give the environment in which the stand-ins come first."""
        return {
            "PATH": f"{self._tools}:/usr/local/bin:/usr/bin:/bin",
            "HOME": str(self.folder),
            "TMPDIR": str(self.folder),
            "STAND_IN": str(self.folder),
            "STAND_IN_TOKEN": SECRET,
            "GPUCLASS": str(GPUCLASS),
            **self.variables,
            **variables,
        }

    def _forget(self) -> None:
        (self.folder / "calls").write_text("", encoding="utf-8")

    def _log(self) -> str:
        lines = (self.folder / "calls").read_text(encoding="utf-8").splitlines()
        return "\n".join(" ".join(json.loads(each)["call"]) for each in lines)

    def _ran(self, code: int, out: str, err: str) -> Ran:
        lines = (self.folder / "calls").read_text(encoding="utf-8").splitlines()
        calls = tuple(json.loads(each) for each in lines)
        ran = Ran(code=code, out=out, err=err, calls=calls)
        told = [out, err, *ran.commands]
        assert not any(SECRET in each or SECRET[7:] in each for each in told), "a token was told"
        return ran


def registered(pool: str) -> Json:
    """Give what a Node of a pool has once it joined by the pool's configuration."""
    said = join.registration(next(each for each in shipped().pools if each.name == pool))
    return {
        "metadata": {"name": "n", "labels": dict(said.labels)},
        "spec": {"taints": [dict(each) for each in said.taints]},
    }
