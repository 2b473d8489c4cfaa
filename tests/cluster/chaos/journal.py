"""What a replica has written to its log: the count of its decisions outlives the process."""

import json
from pathlib import Path
from typing import Any


class Journal:
    """A log file of JSON lines, read on from where the last look ended."""

    def __init__(self, path: Path) -> None:
        """Take the file; it may not be there yet."""
        self.path = path

    def events(self, since: int = 0) -> list[dict[str, Any]]:
        """Give the events from a place in the file on; what a crash cut short is left out."""
        with self.path.open("rb") as file:
            file.seek(since)
            lines = file.read().split(b"\n")[:-1]
        return [found for line in lines if isinstance(found := _event(line), dict)]

    def end(self) -> int:
        """Give the place where the file ends now."""
        return self.path.stat().st_size


def _event(line: bytes) -> object:
    try:
        return json.loads(line)
    except ValueError:
        return None
