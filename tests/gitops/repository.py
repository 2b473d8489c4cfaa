"""The Git repository that Argo CD syncs from: a bare one, and a working copy to commit from."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from webhook.cli import tree
from webhook.cli.main import main

ROOT = Path(__file__).parents[2]
CHARTS = Path(__file__).parent / "charts"
BRANCH = "main"

STAND_INS = {
    "nvidia-device-plugin": ("https://nvidia.github.io/k8s-device-plugin", "0.20.0"),
    "dcgm-exporter": ("https://nvidia.github.io/dcgm-exporter/helm-charts", "4.8.2"),
}
"""Charts that come from a registry, which tests do not ask: a small one from Git stands in."""

SERVICE_PORT = (
    "port: 443\n      targetPort: https",
    "port: 8443\n      targetPort: https",
)
"""Where the API server reaches us: below 1024 only root may listen."""


class Repository:
    """A repository at `url`, on branch `main`."""

    def __init__(self, folder: Path) -> None:
        """Make an empty one."""
        self.tree, bare = folder / "tree", folder / "gpus.git"
        self.url = f"file://{bare}"
        self.tree.mkdir(parents=True)
        for command in (
            ("init", "--quiet", "--bare", f"--initial-branch={BRANCH}", str(bare)),
            ("init", "--quiet", f"--initial-branch={BRANCH}"),
            ("remote", "add", "origin", self.url),
        ):
            self._git(*command)

    def write(self, path: str, text: str) -> None:
        """Write a file; it is in no commit yet."""
        place = self.tree / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")

    def edit(self, path: str, change: Callable[[str], str]) -> None:
        """Change a file; one that stays as it was is a mistake of the test."""
        before = (self.tree / path).read_text(encoding="utf-8")
        after = change(before)
        assert after != before, path
        self.write(path, after)

    def push(self, message: str) -> str:
        """Commit all that was changed, push it, and give the revision."""
        self._git("add", "--all")
        self._git("commit", "--quiet", "--message", message)
        self._git("push", "--quiet", "origin", BRANCH)
        return self._git("rev-parse", "HEAD").strip()

    def _git(self, *arguments: str) -> str:
        who = {f"GIT_{part}_{what}": "test" for part in ("AUTHOR", "COMMITTER") for what in
               ("NAME", "EMAIL")}  # fmt: skip
        own = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
        answer = subprocess.run(
            ["git", *arguments],  # noqa: S607 # whichever is on PATH
            cwd=self.tree,
            env={**os.environ, **who, **own},
            capture_output=True,
            text=True,
            check=False,
        )
        assert answer.returncode == 0, answer.stderr
        return answer.stdout


def shipped(folder: Path) -> Repository:
    """Give one that holds ours, with stand-ins for charts, and a port that anybody may have.

    Nothing else differs: whose repository it is, the root Application says.
    """
    made = Repository(folder)
    for each in ("deploy", "policies"):
        skipped = shutil.ignore_patterns(".terraform", "__pycache__")
        shutil.copytree(ROOT / each, made.tree / each, ignore=skipped)
    _prepare(made, "deploy/base", "deploy/argocd")
    return made


def written(folder: Path) -> Repository:
    """Give one that holds what `gpuclass init` writes for it, with the same two differences."""
    made = Repository(folder)
    assert main(["init", str(folder / "gpus"), f"--repo-url={made.url}"]) == 0
    shutil.copytree(folder / "gpus", made.tree, dirs_exist_ok=True)
    _prepare(made, f"{tree.KUBERNETES}/gpuclass/base", tree.APPLICATIONS)
    return made


def _prepare(made: Repository, base: str, applications: str) -> None:
    """Have the Service on a port that anybody may have, and charts come from Git."""
    made.edit(f"{base}/service.yaml", lambda text: text.replace(*SERVICE_PORT))
    for name, (registry, version) in STAND_INS.items():
        shutil.copytree(CHARTS / name, made.tree / "charts" / name)
        _stand_in(made, f"{applications}/{name}.yaml", registry, version)


def _stand_in(made: Repository, path: str, registry: str, version: str) -> None:
    """Have an Application take its chart from Git; its values stay as they are."""
    name = Path(path).stem

    def change(text: str) -> str:
        found = text.replace(registry, made.url).replace(f"chart: {name}", f"path: charts/{name}")
        return found.replace(f"targetRevision: {version}", f"targetRevision: {BRANCH}")

    made.edit(path, change)
