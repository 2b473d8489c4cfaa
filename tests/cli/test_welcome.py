"""The first screen, and the server's own certificate, as `make run` has them."""

import signal
import subprocess
from pathlib import Path

from tests.cluster.waiting import eventually
from tests.serve.server import HOST, environment, gpuclass

ROOT = Path(__file__).parents[2]


def test_the_first_screen_shows_what_is_loaded_and_a_pod_reviewed(tmp_path: Path) -> None:
    screen = tmp_path / "screen"
    with screen.open("wb") as out:
        process = subprocess.Popen(
            [
                *(gpuclass(), "serve", "--policies", "policies/", "--welcome"),
                *("--bind", f"{HOST}:0", "--metrics-bind", f"{HOST}:0"),
            ],
            stdout=out,
            stderr=subprocess.DEVNULL,
            env={**environment(), "TMPDIR": str(tmp_path)},
            cwd=ROOT,
        )
    eventually(lambda: "Ctrl-C ends it." in screen.read_text(encoding="utf-8"), "the screen")
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 0
    text = screen.read_text(encoding="utf-8")
    assert f"serves on https://{HOST}:" in text
    assert "  general *     worker                    Required   the author's own\n" in text
    assert "  +  priorityClassName: gpu-batch-priority\n" in text
    assert len(text.splitlines()) < 60
    assert [each.name for each in tmp_path.iterdir()] == ["screen"]
