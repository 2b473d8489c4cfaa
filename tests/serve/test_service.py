"""What a worker serves, as it is composed."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.cluster.waiting import eventually
from tests.serve import pki, reviews
from tests.serve.running import make
from tests.serve.server import Server

ROOT = Path(__file__).parents[2]


def test_a_worker_that_comes_late_takes_over_what_changed(tmp_path: Path) -> None:
    certs, policies = tmp_path / "certs", tmp_path / "policies"
    pki.write(certs, pki.authority())
    shutil.copytree(reviews.POLICIES, policies)
    service = make(certs, policies=policies)
    before = service.snapshots.policy
    renewed = pki.write(certs, pki.authority())
    (policies / "classes" / "late.yaml").write_text(
        "apiVersion: gpuclass.io/v1alpha1\nkind: GPUClass\nmetadata: {name: late}\n"
        "spec: {pools: [{name: worker}], placement: Required}\n"
    )
    service.refresh()
    assert service.snapshots.faults == ()
    assert service.snapshots.policy is not before
    assert service.certificates.expiry == renewed.certificate.not_valid_after_utc.timestamp()


def test_no_search_for_garbage_looks_at_what_was_made_before_the_fork(tmp_path: Path) -> None:
    """Looking at it would write to it, and what is written to is shared no longer."""
    pki.write(tmp_path, pki.authority())
    program = (
        "import gc, pathlib, sys\n"
        "from tests.serve.running import BASE\n"
        "from webhook.serve import master\n"
        "master._manage = lambda _: print(gc.get_freeze_count() > len(gc.get_objects()))\n"
        "master.run(BASE, pathlib.Path(sys.argv[1]), lambda *_: None)"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    answer = subprocess.run(command, capture_output=True, check=True, cwd=ROOT)
    assert answer.stdout == b"True\n"


def test_without_a_cluster_the_official_client_is_not_loaded() -> None:
    program = (
        "import sys, webhook.cli.serve, webhook.cli.review, webhook.cli.lint\n"
        "print([each for each in ('kubernetes', 'urllib3') if each in sys.modules])"
    )
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert answer.stdout == b"[]\n"


def test_a_worker_that_died_is_replaced(own_server: Callable[..., Server]) -> None:
    server = own_server()
    children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children")
    (worker,) = children.read_text().split()
    os.kill(int(worker), signal.SIGKILL)
    eventually(lambda: len(server.events("serving")) == 2, "another worker to serve")
    eventually(lambda: server.probe("/readyz")[0] == 200, "it to be ready")
    assert server.post("/mutate", reviews.body()).status == 200
