"""What nodes join with, asked of the real kubeadm and the real API server."""

import subprocess
from pathlib import Path

import pytest
import yaml

from tests.core.given import shipped
from tests.core.test_join import DISCOVERY
from webhook.core import join
from webhook.core.policy.documents import GPUNodePool

POOLS = shipped().pools


def validate(kubeadm: Path, path: Path, document: object) -> subprocess.CompletedProcess[str]:
    """Ask kubeadm whether it takes a configuration."""
    path.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    command = [str(kubeadm), "config", "validate", "--config", str(path)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.cluster
@pytest.mark.parametrize("kind", ["", "c"], ids=["any", "kind"])
@pytest.mark.parametrize("pool", POOLS, ids=lambda pool: pool.name)
def test_kubeadm_takes_the_configuration_of_every_pool(
    kubeadm: Path, tmp_path: Path, pool: GPUNodePool, kind: str
) -> None:
    document = join.configuration(pool, node="gpu-1", kind=kind, discovery=DISCOVERY)
    answer = validate(kubeadm, tmp_path / "join.yaml", document)
    assert (answer.returncode, answer.stderr) == (0, "")


@pytest.mark.cluster
def test_kubeadm_would_say_what_is_wrong(kubeadm: Path, tmp_path: Path) -> None:
    document = join.configuration(POOLS[0], node="gpu-1", kind="c", discovery=DISCOVERY)
    document["nodeRegistration"]["kubeletExtraArgs"] = {"node-labels": "a=b"}
    answer = validate(kubeadm, tmp_path / "join.yaml", document)
    assert answer.returncode == 1
    assert "kubeletExtraArgs" in answer.stderr
