"""The Prometheus operator's kinds: its own Go types say what fields they have.

The program is tests/deploy/go/operator, built once into the user's cache.
"""

import json
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.cluster.gobuild import Program
from tests.deploy.built import MODULES, Tool

OPERATOR = Tool(
    program=Program(
        name="prometheus-operator-kinds",
        module=MODULES / "operator",
        package=".",
        ldflags="-s -w",
        minutes=1,
    ),
    version="0.95.2",
)
SECONDS = 600


def faults(program: Path, objects: Iterable[dict[str, Any]]) -> list[str]:
    """Say of each object what is wrong with it; "ok" where nothing is."""
    lines = "".join(f"{json.dumps(each)}\n" for each in objects)
    answer = subprocess.run(
        [str(program)],
        input=lines,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=True,
    )
    return answer.stdout.splitlines()
