"""The lock files of requirements/: which packages, at which version, with which hashes."""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "requirements"
RUNTIME = FOLDER / "runtime.txt"
_PIN = re.compile(r"^([a-z0-9][a-z0-9.-]*(?:\[[a-z0-9,-]+\])?)==(\S+)", re.MULTILINE)
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


@cache
def locked(file: Path) -> Mapping[str, tuple[str, frozenset[str]]]:
    """Give version and hashes of each package of a lock file."""
    found = {}
    for entry in re.split(r"\n(?=[a-z0-9])", file.read_text(encoding="utf-8")):
        if pin := _PIN.search(entry):
            name = pin[1].partition("[")[0]
            found[name] = (pin[2], frozenset(_HASH.findall(entry)))
    return found
