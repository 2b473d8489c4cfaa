"""The image, without a container engine: the Dockerfile's own lines are run, and what they made.

`test_image_built` has it built by a real one, where that is at hand.
"""

import os
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Iterator
from email.parser import Parser
from pathlib import Path
from typing import TypedDict

import pytest

import webhook
from tests.cli.shipped import POLICIES
from tests.cluster.probing import is_ready
from tests.cluster.process import free_ports
from tests.cluster.waiting import eventually
from tests.deploy import dockerfile
from tests.deploy.dockerfile import Build, Step
from webhook.cli import tree

ROOT = Path(__file__).parents[2]
USER = 65532


class _Place(TypedDict):
    """Where and with what environment a container's process starts."""

    cwd: str
    env: dict[str, str]


PLACE: _Place = {
    "cwd": "/",
    "env": {"PATH": os.defpath, "PYTHONDONTWRITEBYTECODE": "1"},
}
CONTAINED = f"""
set -e
image=$1 home=$2 closed=$3
shift 3
if [ -n "$closed" ]; then  # this machine's Python is in a folder that is closed to others
  mkdir -p "$image/tmp/python"
  mount --bind "$home" "$image/tmp/python"
  mount -t tmpfs -o mode=755 none "$closed"
  mkdir -p "$home"
  mount --bind "$image/tmp/python" "$home"
fi
mount --rbind "$image" "$image"
mount -o remount,ro,bind "$image"
exec setpriv --reuid {USER} --regid {USER} --clear-groups --no-new-privs --bounding-set -all "$@"
"""
"""In a mount namespace of its own: nothing of it is left afterwards."""


def steps() -> list[Step]:
    return dockerfile.parse((ROOT / "Dockerfile").read_text(encoding="utf-8"))


def final(word: str) -> str:
    """Give an instruction of the last stage."""
    found = [each.rest for each in steps() if (each.stage, each.word) == ("final", word)]
    return found[-1]


@pytest.fixture(scope="module")
def image() -> Iterator[Build]:
    """Give the stages, built in a folder that other users may enter."""
    with tempfile.TemporaryDirectory(prefix="gpuclass-image-") as folder:
        Path(folder).chmod(0o755)
        build = Build(ROOT, Path(folder))
        build.run([each for each in steps() if each.stage in {"wheel", "install"}])
        yield build


@pytest.fixture(scope="module")
def wheel(image: Build) -> zipfile.ZipFile:
    (found,) = (image.root("wheel") / "wheels").glob("*.whl")
    return zipfile.ZipFile(found)


def program(image: Build) -> Path:
    return image.root("install") / "opt" / "gpuclass" / "bin" / "gpuclass"


def test_everything_that_is_copied_reaches_the_builder_and_little_else() -> None:
    ignore = (ROOT / ".dockerignore").read_text(encoding="utf-8")
    for path in dockerfile.copied(steps()):
        assert (ROOT / path).exists(), path
        assert dockerfile.is_sent(path, ignore), path
    for path in ("tests", ".git", ".venv", "docs", "tls.key", "requirements/dev.txt"):
        assert not dockerfile.is_sent(path, ignore), path


def test_nobody_privileged_and_nothing_but_the_command_is_run() -> None:
    assert final("USER") == f"{USER}:{USER}"
    assert final("ENTRYPOINT") == '["gpuclass"]'
    assert f'version="{webhook.__version__}"' in final("LABEL")
    assert not [each for each in steps() if (each.stage, each.word) == ("final", "RUN")]


def test_every_package_is_checked_against_its_hash() -> None:
    installs = [each.rest for each in steps() if each.word == "RUN" and " install " in each.rest]
    assert len(installs) == 3
    assert all("--require-hashes" in each or "--no-index" in each for each in installs)


def test_the_wheel_holds_the_package_and_nothing_of_the_checkout(wheel: zipfile.ZipFile) -> None:
    tops = {name.partition("/")[0] for name in wheel.namelist()}
    assert tops == {"webhook", f"gpuclass-{webhook.__version__}.dist-info"}
    assert "webhook/py.typed" in wheel.namelist()
    assert not [name for name in wheel.namelist() if name.endswith((".pyc", "/test_image.py"))]


def test_the_wheel_holds_what_init_writes(wheel: zipfile.ZipFile) -> None:
    names = set(wheel.namelist())
    for name in tree.PLACES:
        assert any(f"webhook/shipped/{name}" in each for each in names), name
    assert "webhook/shipped/deploy/policy-repository/.github/workflows/policies.yaml" in names


def test_the_wheel_says_what_it_is(wheel: zipfile.ZipFile) -> None:
    folder = f"gpuclass-{webhook.__version__}.dist-info"
    found = Parser().parsestr(wheel.read(f"{folder}/METADATA").decode())
    assert (found["Name"], found["Version"]) == ("gpuclass", webhook.__version__)
    assert f"{folder}/licenses/LICENSE" in wheel.namelist()


def test_nothing_is_installed_but_what_is_locked(image: Build) -> None:
    text = (ROOT / "requirements" / "runtime.txt").read_text(encoding="utf-8")
    locked = {line.partition("==")[0].lower() for line in text.splitlines() if "==" in line}
    site = next((image.root("install") / "opt" / "gpuclass" / "lib").glob("*/site-packages"))
    found = {each.name.partition("-")[0].lower().replace("_", "-")
             for each in site.glob("*.dist-info")}  # fmt: skip
    assert "gpuclass" in found
    assert found - {"gpuclass"} <= locked
    assert not (site / "tests").exists()


def test_byte_code_carries_no_time(image: Build) -> None:
    """PEP 552: the first bit of the second word says that a hash follows, not a time."""
    site = next((image.root("install") / "opt" / "gpuclass" / "lib").glob("*/site-packages"))
    compiled = [*site.rglob("*.pyc")]
    assert len(compiled) > 1000
    assert all(each.read_bytes()[4] & 1 for each in compiled)


def contained(image: Build, *arguments: str) -> list[str]:
    """Give the command as the image's user, without rights, where it can not be written."""
    home = program(image).with_name("python").resolve().parents[1]
    closed = [each for each in home.parents if not each.stat().st_mode & 0o001]
    return [
        *("unshare", "--mount", "sh", "-c", CONTAINED, "sh"),
        *(str(image.root("install")), str(home), str(closed[-1]) if closed else ""),
        *(str(program(image)), *arguments),
    ]


@pytest.fixture
def may_mount() -> None:
    command = ["unshare", "--mount", "true"]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("no right to make a read-only mount here")


@pytest.mark.usefixtures("may_mount")
def test_the_command_runs_as_the_images_user_where_nothing_can_be_written(image: Build) -> None:
    answer = subprocess.run(
        contained(image, "--version"),
        **PLACE,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert (answer.stdout, answer.stderr) == (f"gpuclass {webhook.__version__}\n", "")


@pytest.mark.usefixtures("may_mount")
def test_the_server_serves_there(image: Build) -> None:
    port, probes = free_ports(2)
    copied = image.root("install") / "policies"
    shutil.copytree(POLICIES, copied, dirs_exist_ok=True)
    flags = (f"--bind=127.0.0.1:{port}", f"--metrics-bind=127.0.0.1:{probes}")
    command = contained(image, "serve", f"--policies={copied}", *flags)
    with subprocess.Popen(command, **PLACE, stderr=subprocess.PIPE, encoding="utf-8") as server:
        try:
            eventually(lambda: is_ready(probes) or server.poll(), "the server to be ready")
        finally:
            server.terminate()
            _, log = server.communicate(timeout=60)
    assert "policy in force" in log, log
    assert server.returncode == 0, log
