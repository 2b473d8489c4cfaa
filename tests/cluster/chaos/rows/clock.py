"""The wall clock of every replica jumps, while it runs: libfaketime stands between it and libc."""

import importlib.util
import time
from pathlib import Path

from tests.cluster.chaos.fleet import Make, Replica
from tests.cluster.chaos.load import Load
from tests.cluster.chaos.row import Row
from tests.cluster.chaos.stage import Stage
from webhook.process.logs import timestamp

HOUR = 3600
REQUESTS = 40
"""Under each clock."""


def library() -> Path:
    """Give libfaketime, which a package of that name brings; only its file is of use."""
    found = importlib.util.find_spec("libfaketime")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent / "vendor" / "libfaketime" / "src" / "libfaketime.so.1"


class ClockJumps(Row):
    """The monotonic clock goes on: a kernel sets only the other one."""

    name = "clock"
    fault = "the clock of all replicas an hour forward, then an hour back (libfaketime)"
    promise = "0 lost; serves on"

    def make(self, stage: Stage) -> Make:
        """Preload the library; what is in the file is added to the clock."""
        self._file = stage.folder("clock") / "offset"
        self._set(0)
        variables = {
            "LD_PRELOAD": library(),
            "FAKETIME_TIMESTAMP_FILE": self._file,
            "FAKETIME_CACHE_DURATION": 1,
            "DONT_FAKE_MONOTONIC": 1,
            "NO_FAKE_STAT": 1,
        }
        return Make(before=("env", *(f"{name}={value}" for name, value in variables.items())))

    def inject(self, stage: Stage, load: Load, times: int) -> str:
        """Let it jump; the log's times show that it did."""
        for _ in range(times):
            for offset in (HOUR, -HOUR, 0):
                self._set(offset)
                stage.of_each(lambda each, offset=offset: _is_off(each, offset), "another time")  # type: ignore[misc]
                load.go_on(REQUESTS)
        return f"{3 * times} jumps"

    def _set(self, offset: int) -> None:
        self._file.write_text(f"{offset:+d}\n", encoding="ascii")


def _is_off(replica: Replica, offset: int) -> bool:
    """Tell whether the last line of a replica's log is of that clock, within half an hour."""
    last = [each["time"] for each in replica.journal.events()][-1]
    now = time.time() + offset
    return bool(timestamp(now - HOUR / 2) < last < timestamp(now + HOUR / 2))
