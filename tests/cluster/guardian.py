"""Ends the processes of a control plane if the program that started them is gone.

The program writes `+<pid>` and `-<pid>` lines to a child that runs this file. When that pipe ends,
for whatever reason (SIGKILL and a closed terminal too), the child kills what is left and removes
the folder. Signal handlers and atexit would cover fewer ends, and would be the host program's
business to keep.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

CLOSE_SECONDS = 10


class Guardian:
    """The program's end of the pipe."""

    def __init__(self, folder: Path) -> None:
        """Start the child; `folder` is removed when all is over."""
        self._child = subprocess.Popen(
            [sys.executable, "-I", __file__, str(folder)],
            stdin=subprocess.PIPE,
            start_new_session=True,
            text=True,
        )

    def watch(self, group: int) -> None:
        """Have a process group killed at the end."""
        self._tell(f"+{group}\n")

    def forget(self, group: int) -> None:
        """Leave a process group alone: it has ended, and its number may be given away."""
        self._tell(f"-{group}\n")

    def close(self) -> None:
        """End the pipe, and wait until the child has cleaned up."""
        with contextlib.suppress(OSError):
            self._child.communicate(timeout=CLOSE_SECONDS)

    def _tell(self, line: str) -> None:
        """Write one line at once."""
        if self._child.stdin:
            self._child.stdin.write(line)
            self._child.stdin.flush()


def left_over(lines: Iterable[str]) -> set[int]:
    """Give the groups that were announced and not taken back."""
    groups: set[int] = set()
    for line in lines:
        change = groups.add if line.startswith("+") else groups.discard
        change(int(line[1:]))
    return groups


def main(folder: str) -> None:
    """Wait for the end of the pipe, then clean up."""
    for group in left_over(sys.stdin):
        with contextlib.suppress(OSError):
            os.killpg(group, signal.SIGKILL)
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(sys.argv[1])
