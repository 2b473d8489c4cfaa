"""The templates that the scripts hand to Docker, run by the real client on a pretended engine."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.deploy.bootstrap.bench import BOOTSTRAP
from tests.deploy.bootstrap.engine import engine

DOCKER = shutil.which("docker")
SOURCES = "\n".join(
    f"source '{BOOTSTRAP}/lib/{name}.sh'" for name in ("run", "target", "container")
)


def ask(folder: Path, script: str) -> list[str]:
    """Run a piece of bash after the libraries; give the lines that it prints."""
    with engine(folder) as address:
        answer = subprocess.run(
            ["/usr/bin/env", "bash", "-c", f"PROGRAM=test\n{SOURCES}\n{script}"],
            env={"PATH": os.environ["PATH"], "HOME": str(folder), "DOCKER_HOST": address},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert (answer.returncode, answer.stderr) == (0, "")
    return answer.stdout.splitlines()


pytestmark = pytest.mark.skipif(DOCKER is None, reason="the real docker client is not on PATH")


@pytest.mark.parametrize(
    ("container", "expected"),
    [
        (
            "c-control-plane",
            [
                "--sysctl=net.ipv6.conf.all.forwarding=1",
                "--userns=host",
                "--device=/dev/fuse",
                "--volume=/dev/mapper:/dev/mapper",
            ],
        ),
        ("plain", []),
    ],
)
def test_what_kind_set_for_the_host_is_read_flag_by_flag(
    tmp_path: Path, container: str, expected: list[str]
) -> None:
    found = ask(tmp_path, f'CONTROL_PLANE={container}\nof_control_plane "" "$INHERITED"')
    assert [line for line in found if line] == expected


def test_variables_image_and_network_are_read(tmp_path: Path) -> None:
    script = "\n".join(
        f"of_control_plane '' {each}"
        for each in ('"$ENVIRONMENT"', "'{{.Config.Image}}'", "'{{.HostConfig.NetworkMode}}'")
    )
    found = ask(tmp_path, f"CONTROL_PLANE=c-control-plane\n{script}")
    expected = ["PATH=/bin", "HTTP_PROXY=http://proxy", "kindest/node:v9@sha256:00", "kind"]
    assert [line for line in found if line] == expected


def test_whose_a_container_is_is_read(tmp_path: Path) -> None:
    assert ask(tmp_path, "owner gpu-train-1") == ["gpu-train-1:c:training"]
