"""The image as a real builder makes it: twice, from two checkouts, and run as a kubelet does."""

import http.client
import json
import os
import shutil
import subprocess
from base64 import b64decode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import webhook
from tests.cluster.probing import is_ready
from tests.cluster.process import free_ports
from tests.cluster.waiting import eventually
from tests.deploy import buildkit
from tests.deploy.buildkit import Builder
from tests.deploy.image_layout import Image
from tests.serve import pki
from tests.serve.server import POLICIES, exchange, review

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
USER = 65532
EPOCH = 1_700_000_000
LARGEST = 230_000_000
"""Bytes of our files before compression; 202 million on 2026-11-27, of which 123 are the
client of Kubernetes; 35 million in the registry, compressed."""
LITTER = (
    "tls.key",
    "tests/secret.key",
    ".venv/bin/python",
    "webhook/__pycache__/a.cpython-311.pyc",
)
"""What a checkout may have that is none of the image's business."""


@pytest.fixture(scope="module")
def builder() -> Builder:
    """Give the builder, if `make builder` made it."""
    found = buildkit.find()
    if found is None or os.geteuid() != 0:
        pytest.skip("no BuildKit and base here, or no root: `make builder` has them (6 minutes)")
    return found


def checkout(target: Path, umask: int) -> Path:
    """Copy what git knows of into a new folder, with all sorts of other files."""
    command = ["git", "-C", str(ROOT), "ls-files", "-z"]
    listed = subprocess.run(command, capture_output=True, check=True)
    for name in listed.stdout.decode().strip("\0").split("\0"):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, target / name, follow_symlinks=False)
        if not (target / name).is_symlink():
            (target / name).chmod((0o777 if os.access(ROOT / name, os.X_OK) else 0o666) & ~umask)
    for name in (*LITTER, ".git/config"):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        (target / name).write_text("secret", encoding="utf-8")
    return target


@pytest.fixture(scope="module")
def images(builder: Builder, tmp_path_factory: pytest.TempPathFactory) -> list[Image]:
    """Build two, each by a builder that knows nothing of the other, of files with other modes."""
    made = []
    for umask in (0o022, 0o002):
        folder = tmp_path_factory.mktemp("built")
        context = checkout(folder / f"checkout-{umask}", umask)
        with buildkit.running(builder, folder) as client:
            buildkit.build(builder, client, context, folder / "image", EPOCH)
        shutil.rmtree(folder / "state")
        made.append(Image(folder / "image"))
    return made


@pytest.fixture(scope="module")
def image(images: list[Image]) -> Image:
    """Give the first one."""
    return images[0]


@pytest.fixture(scope="module")
def below(builder: Builder) -> int:
    """Give how many of the layers are the base's."""
    return len(Image(builder.base).content)


def test_two_builds_of_a_commit_are_one_image(images: list[Image], below: int) -> None:
    first, second = ({each.name: (each.mode, each.mtime, content)
                      for each, content in image.entries(below)} for image in images)  # fmt: skip
    assert [name for name in first | second if first.get(name) != second.get(name)] == []
    assert images[0].config == images[1].config
    assert images[0].digest == images[1].digest


def test_it_begins_with_the_base(builder: Builder, image: Image) -> None:
    base = Image(builder.base)
    assert image.content[: len(base.content)] == base.content


def test_it_says_what_it_is_and_how_it_starts(image: Image) -> None:
    assert image.settings["User"] == f"{USER}:{USER}"
    assert image.settings["Entrypoint"] == ["gpuclass"]
    assert image.settings["Cmd"] == ["--help"]
    assert image.settings["WorkingDir"] == "/tmp"  # noqa: S108 - what the image says
    assert set(image.settings["ExposedPorts"]) == {"8443/tcp", "8080/tcp"}
    assert image.settings["Labels"]["org.opencontainers.image.version"] == webhook.__version__
    assert image.config["created"] == "2023-11-14T22:13:20Z"


def test_its_layers_hold_the_installed_program_and_nothing_else(image: Image, below: int) -> None:
    names = [each.name.rstrip("/") for each, _ in image.entries(below)]
    assert {"opt/gpuclass/bin/gpuclass", "opt/gpuclass/pyvenv.cfg"} <= set(names)
    beside = {name for name in names if not name.startswith("opt/gpuclass/")}
    assert beside <= {"opt", "opt/gpuclass", "tmp"}
    unwanted = {".git", ".cache", "pip", "wheels", "test_image_built.py"}
    assert [name for name in names if unwanted & {*name.split("/")}] == []
    assert [name for name in names if name.endswith((".whl", ".key"))] == []


def test_its_files_are_roots_and_nobody_else_may_write_them(image: Image, below: int) -> None:
    for entry, _ in image.entries(below):
        assert (entry.uid, entry.gid) == (0, 0), entry.name
        assert entry.issym() or not entry.mode & 0o6022, f"{entry.name}: {entry.mode:o}"
        assert entry.mtime <= EPOCH, entry.name


def test_its_size_is_bounded(image: Image, below: int) -> None:
    assert sum(each.size for each, _ in image.entries(below)) < LARGEST


def test_nothing_reaches_the_builder_but_what_the_image_is_made_of(
    builder: Builder, tmp_path: Path
) -> None:
    context, sent = checkout(tmp_path / "checkout", 0o022), tmp_path / "sent"
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY . /\n", encoding="utf-8")
    with buildkit.running(builder, tmp_path) as client:
        command = [
            *(*client, "build", "--frontend=dockerfile.v0", f"--local=context={context}"),
            *(f"--local=dockerfile={tmp_path}", f"--output=type=local,dest={sent}"),
        ]
        subprocess.run(command, capture_output=True, check=True)
    found = {str(each.relative_to(sent)) for each in sent.rglob("*") if not each.is_dir()}
    tops = {name.partition("/")[0] for name in found}
    assert tops == {"LICENSE", "README.md", "pyproject.toml", "requirements", "webhook", "deploy",
                    "docs", "policies"}  # fmt: skip
    assert {name for name in found if name.startswith("requirements/")} == {
        "requirements/build.txt",
        "requirements/runtime.txt",
    }
    assert [name for name in found if name in LITTER or ".pyc" in name] == []
    assert [name for name in found if name.startswith("docs/") and "/runbooks/" not in name] == []


@pytest.fixture(scope="module")
def root(image: Image, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the image's root file system."""
    folder = tmp_path_factory.mktemp("root")
    image.unpack(folder)
    folder.chmod(0o755)  # as a runtime makes `/`
    return folder


def bundle(folder: Path, image: Image, root: Path, mounts: Mapping[str, Path], *words: str) -> None:
    """Write a container as deploy/base describes it: read-only, nobody's rights, its user.

    https://github.com/opencontainers/runtime-spec/blob/main/config.md; the network is the host's.
    """
    bound = [
        {"destination": to, "type": "bind", "source": str(source), "options": ["rbind", "ro"]}
        for to, source in mounts.items()
    ]
    device = {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["mode=755"]}
    config: dict[str, Any] = {
        "ociVersion": "1.0.2",
        "process": {
            "user": {"uid": USER, "gid": USER},
            "args": [*image.settings["Entrypoint"], *words],
            "env": image.settings["Env"],
            "cwd": image.settings["WorkingDir"],
            "capabilities": {},
            "noNewPrivileges": True,
        },
        "root": {"path": str(root), "readonly": True},
        "mounts": [
            {"destination": "/proc", "type": "proc", "source": "proc"},
            device,
            {"destination": "/tmp", "type": "tmpfs", "source": "tmpfs"},  # noqa: S108
            *bound,
        ],
        "linux": {"namespaces": [{"type": each} for each in ("mount", "pid", "ipc")]},
    }
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")


@contextmanager
def container(builder: Builder, folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Run the container that `folder` describes, to its end."""
    command = [str(builder.runc), f"--root={folder}/runc", "run", f"--bundle={folder}"]
    command.append(f"gpuclass-{os.getpid()}-{folder.name}")
    with subprocess.Popen(
        command,
        env=builder.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    ) as process:
        try:
            yield process
        finally:
            process.terminate()


def test_a_container_of_it_says_its_version(
    builder: Builder, image: Image, root: Path, tmp_path: Path
) -> None:
    bundle(tmp_path, image, root, {}, "--version")
    with container(builder, tmp_path) as process:
        said = process.communicate(timeout=60)
    assert said == (f"gpuclass {webhook.__version__}\n", "")


def test_a_container_of_it_answers_reviews_over_tls(
    builder: Builder, image: Image, root: Path, tmp_path: Path
) -> None:
    ca, (port, probes) = pki.authority(), free_ports(2)
    pki.write(tmp_path / "certs", ca)
    mounts = {"/tmp/policies": POLICIES, "/tmp/certs": tmp_path / "certs"}  # noqa: S108
    places = ("--policies=/tmp/policies", "--certs=/tmp/certs")
    binds = (f"--bind=127.0.0.1:{port}", f"--metrics-bind=127.0.0.1:{probes}")
    bundle(tmp_path, image, root, mounts, "serve", *places, *binds)
    with container(builder, tmp_path) as process:
        ready = eventually(lambda: is_ready(probes) or process.poll(), "the server to be ready")
        assert ready is True, process.communicate(timeout=60)
        client = http.client.HTTPSConnection(
            "127.0.0.1", port, timeout=60, context=pki.trusting(ca)
        )
        with_answer = exchange(client, "POST", "/mutate", review())
        client.close()
        process.terminate()
        _, log = process.communicate(timeout=60)
    response = json.loads(with_answer.body)["response"]  # type: ignore[attr-defined]
    patch = json.loads(b64decode(response["patch"]))
    assert response["allowed"]
    assert {each["path"] for each in patch} >= {"/spec/affinity", "/spec/tolerations"}
    assert "policy in force" in log
    assert "Read-only" not in log
    assert process.returncode == 0, log
