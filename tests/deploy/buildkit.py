"""BuildKit, by which our image is built where no Docker is, and a stand-in for the base image.

`make builder` has both in the user's cache: buildkitd and buildctl of one release from their Go
module, runc and the base from Debian's packages. Tests only look for them. BuildKit is what
`docker build` and the release's workflow have inside; here it needs root. The base is a Debian with
Debian's Python in place of python:3.11-slim. BuildKit is told that it is the image of that name, so
that the Dockerfile is built as it stands.
"""

import json
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

from tests.cluster.gobuild import BinariesUnavailable, Program, Progress
from tests.cluster.waiting import eventually
from tests.deploy import built, debian
from tests.deploy.built import MODULES, Tool

VERSION = "0.34.2"
BASE = "python:3.11-slim"
ARCHITECTURE = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
BASE_PACKAGES = (
    *("base-files", "bash", "ca-certificates", "coreutils", "dash", "python-is-python3"),
    *("python3-pip", "python3-venv", "util-linux"),
)
BASE_TIME = 1580601600
"""Of whatever is not unpacked but made here."""
CERTIFICATES = "etc/ssl/certs/ca-certificates.crt"
BUILD_SECONDS = 1800

_OCI = "application/vnd.oci.image"


def _tool(name: str, minutes: int) -> Tool:
    program = Program(
        name=name,
        module=MODULES / "buildkit",
        package=f"github.com/moby/buildkit/cmd/{name}",
        ldflags=f"-s -w -X github.com/moby/buildkit/version.Version=v{VERSION}",
        minutes=minutes,
    )
    return Tool(program=program, version=VERSION)


BUILDKITD, BUILDCTL = TOOLS = (_tool("buildkitd", 6), _tool("buildctl", 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Builder:
    """Where all that a build takes lies; each exists."""

    buildkitd: Path
    buildctl: Path
    runtime: Path
    """The root of the packages in which runc is."""
    base: Path
    """An OCI layout with one image."""

    @property
    def runc(self) -> Path:
        """Give runc; it is started with `environment`."""
        return self.runtime / "usr" / "sbin" / "runc"

    def environment(self) -> dict[str, str]:
        """Give this machine's environment, with the libraries of runc."""
        libraries = self.runtime / "usr" / "lib" / f"{platform.machine()}-linux-gnu"
        return {**os.environ, "LD_LIBRARY_PATH": str(libraries)}


def find() -> Builder | None:
    """Give the builder if `make builder` made it; nothing is built or fetched."""
    buildkitd, buildctl = BUILDKITD.find(), BUILDCTL.find()
    runtime, base = _place("runtime"), _place("base")
    if not (buildkitd and buildctl and runtime.is_dir() and base.is_dir()):
        return None
    return Builder(buildkitd=buildkitd, buildctl=buildctl, runtime=runtime, base=base)


def make(progress: Progress) -> Path:
    """Have what is missing in the cache; raise BinariesUnavailable with what was tried."""
    if os.geteuid() != 0:
        raise BinariesUnavailable(
            "an image is built by root only, and you are somebody else: run it as root"
        )
    for tool in TOOLS:
        tool.build(progress)
    for name, form in (("runtime", _runtime), ("base", _base)):
        if not _place(name).is_dir():
            progress(f"fetching Debian's packages for the {name} of builds ...")
            with tempfile.TemporaryDirectory(dir=BUILDKITD.place.parent) as folder:
                form(Path(folder)).rename(_place(name))
    return BUILDKITD.place.parent


def _place(name: str) -> Path:
    return BUILDKITD.place.parent / name


def _runtime(folder: Path) -> Path:
    """Unpack runc and its one library, which are to run on this machine's C library."""
    root = folder / "root"
    debian.unpack(debian.fetch(folder, "libseccomp2", "runc"), root)
    return root


def _base(folder: Path) -> Path:
    """Make an OCI layout of a small Debian with Python; give its folder."""
    root, layout = folder / "root", folder / "layout"
    debian.unpack(debian.fetch_with_dependencies(folder, *BASE_PACKAGES), root)
    (root / "usr/lib/python3.11/EXTERNALLY-MANAGED").unlink(missing_ok=True)
    (root / "etc" / "passwd").write_text("root:x:0:0:root:/root:/bin/sh\n", encoding="utf-8")
    here = Path(os.environ.get("SSL_CERT_FILE", f"/{CERTIFICATES}"))
    if here.is_file():
        shutil.copy(here, root / CERTIFICATES)
    (layout / "blobs" / "sha256").mkdir(parents=True)
    layer = _layer(root)
    config = {
        "architecture": ARCHITECTURE,
        "os": "linux",
        "config": {"Env": ["PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{sha256(layer).hexdigest()}"]},
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": f"{_OCI}.manifest.v1+json",
        "config": _blob(layout, _json(config), "config.v1+json"),
        "layers": [_blob(layout, layer, "layer.v1.tar")],
    }
    index = {"schemaVersion": 2, "manifests": [_blob(layout, _json(manifest), "manifest.v1+json")]}
    (layout / "index.json").write_bytes(_json(index))
    (layout / "oci-layout").write_bytes(_json({"imageLayoutVersion": "1.0.0"}))
    return layout


def _layer(root: Path) -> bytes:
    """Give the files in one order, no newer than what was unpacked, all of them root's."""

    def plain(entry: tarfile.TarInfo) -> tarfile.TarInfo:
        entry.uid = entry.gid = 0
        entry.uname = entry.gname = ""
        entry.mtime = min(int(entry.mtime), BASE_TIME)
        return entry

    written = BytesIO()
    with tarfile.open(fileobj=written, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for each in sorted(root.rglob("*")):
            archive.add(each, each.relative_to(root), recursive=False, filter=plain)
    return written.getvalue()


def _json(content: object) -> bytes:
    return json.dumps(content, sort_keys=True).encode()


def _blob(layout: Path, content: bytes, kind: str) -> dict[str, Any]:
    """Write a blob under its digest; give its descriptor."""
    digest = sha256(content).hexdigest()
    (layout / "blobs" / "sha256" / digest).write_bytes(content)
    return {"mediaType": f"{_OCI}.{kind}", "digest": f"sha256:{digest}", "size": len(content)}


@contextmanager
def running(builder: Builder, folder: Path) -> Iterator[list[str]]:
    """Run a BuildKit of its own, without anything from earlier builds; give buildctl's command."""
    address = f"unix://{folder}/buildkitd.sock"
    command = [
        *(str(builder.buildkitd), f"--root={folder}/state", f"--addr={address}"),
        *("--containerd-worker=false", "--oci-worker=true", "--oci-worker-net=host"),
        f"--oci-worker-binary={builder.runc}",
    ]
    client = [str(builder.buildctl), f"--addr={address}"]
    with (folder / "buildkitd.log").open("wb") as log:
        server = subprocess.Popen(command, env=builder.environment(), stdout=log, stderr=log)
        try:
            eventually(lambda: _answers(client) or server.poll(), "BuildKit to answer")
            assert server.poll() is None, (folder / "buildkitd.log").read_text(encoding="utf-8")
            yield client
        finally:
            server.terminate()
            server.wait(timeout=60)


def _answers(client: Sequence[str]) -> bool:
    command = [*client, "debug", "workers"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def build(builder: Builder, client: Sequence[str], context: Path, target: Path, epoch: int) -> None:
    """Build the Dockerfile of a checkout as it stands into `target`, an OCI layout.

    `epoch` is what the image and its files are to be dated.
    """
    (described,) = json.loads((builder.base / "index.json").read_bytes())["manifests"]
    command = [
        *(*client, "build", "--progress=plain", "--frontend=dockerfile.v0", "--no-cache"),
        *(f"--local=context={context}", f"--local=dockerfile={context}"),
        f"--oci-layout=base={builder.base}",
        f"--opt=context:{BASE}=oci-layout://base@{described['digest']}",
        f"--opt=build-arg:SOURCE_DATE_EPOCH={epoch}",
        f"--output=type=oci,tar=false,dest={target},rewrite-timestamp=true",
    ]
    answer = subprocess.run(
        command, capture_output=True, encoding="utf-8", timeout=BUILD_SECONDS, check=False
    )
    assert answer.returncode == 0, answer.stderr[-8000:]


if __name__ == "__main__":
    sys.exit(built.main(make))
