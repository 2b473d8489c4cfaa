"""`make demo` tells its story to the end."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.cluster

ROOT = Path(__file__).parents[2]


@pytest.mark.usefixtures("binaries")
def test_the_demo_shows_a_class_at_work_refusals_and_edits() -> None:
    answer = subprocess.run(
        [sys.executable, "-m", "tests.cluster.demo", "--once"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert (answer.returncode, answer.stderr) == (0, "")
    lines = [" ".join(line.split()) for line in answer.stdout.splitlines()]
    assert any("general worker-" in line and line.endswith("<none> 0") for line in lines)
    assert any(
        "training training-" in line and line.endswith("gpu-batch-priority 50") for line in lines
    )
    assert "spec.tolerations[0]: tolerates nvidia.com/gpu=present:NoSchedule" in answer.stdout
    assert "did you mean training?" in answer.stdout
    assert sum(line.startswith("in force after ") for line in lines) == 2
    assert "spec.pools[0].name: there is no GPUNodePool prodction" in answer.stdout
    assert any(line.startswith("training training, development Preferred") for line in lines)
    assert any(line.startswith("export KUBECONFIG=") for line in lines)
