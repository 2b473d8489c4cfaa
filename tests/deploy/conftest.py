"""kubectl and kubeadm come from where the control plane comes from, other tools from elsewhere."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cluster.conftest import REQUIRED_VARIABLE, binaries, kubeadm
from tests.cluster.gobuild import BinariesUnavailable
from tests.deploy.actionlint import ACTIONLINT
from tests.deploy.helm import HELM
from tests.deploy.prometheus import Prometheus, find

__all__ = ["binaries", "kubeadm"]

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def prometheus() -> Prometheus:
    """Give prometheus and promtool, fetched on the first use on a machine, or say why not."""
    try:
        return find(lambda _: None)
    except BinariesUnavailable as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="session")
def helm() -> Path:
    """Give Helm, if it was built."""
    found = HELM.find()
    if found is None:
        pytest.skip(f"Helm {HELM.version} is not built here: `make helm` builds it (3 minutes)")
    return found


@pytest.fixture(scope="session")
def actionlint(request: pytest.FixtureRequest) -> Path:
    """Give actionlint, built on the first use on a machine."""
    reporter = request.config.pluginmanager.get_plugin("terminalreporter")
    try:
        return ACTIONLINT.build(reporter.write_line if reporter else lambda _: None)
    except BinariesUnavailable as reason:
        if os.environ.get(REQUIRED_VARIABLE) == "1":
            pytest.fail(str(reason), pytrace=False)
        pytest.skip(str(reason))


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build our wheel, as an index would have it, and give its folder."""
    folder = tmp_path_factory.mktemp("wheel")
    options = ("--quiet", "--no-deps", "--no-build-isolation", "--no-index")
    command = [sys.executable, "-m", "pip", "wheel", *options, f"--wheel-dir={folder}", str(ROOT)]
    subprocess.run(command, check=True)
    return folder
