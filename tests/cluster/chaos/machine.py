"""What a row was played on: the machine, and how many programs wanted its processors meanwhile."""

import os
import platform
import threading
from pathlib import Path
from typing import Self

PERIOD_SECONDS = 5.0
"""Between two looks at the load average."""
CPU_INFO = Path("/proc/cpuinfo")


def describe() -> str:
    """Name the processor, how many of them there are, and the kernel; nothing tells whose it is."""
    release = platform.release().partition("-")[0]
    return f"{processor()}, {os.cpu_count()} processors, {platform.system()} {release}"


def processor(cpu_info: Path = CPU_INFO) -> str:
    """Give the processor's model; its architecture where the kernel does not tell."""
    lines = cpu_info.read_text(encoding="utf-8").splitlines() if cpu_info.exists() else []
    models = (
        value for key, _, value in (each.partition(":") for each in lines) if "model name" in key
    )
    return next(models, platform.machine()).strip()


class Watched:
    """Looks at the load average (of a minute) for as long as the block runs."""

    def __init__(self) -> None:
        """Nothing is looked at before it is entered."""
        self._seen: list[float] = []
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Self:
        """Begin."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Look once more, and end."""
        self._ending.set()
        self._thread.join()

    @property
    def load(self) -> tuple[float, float]:
        """Give the least and the most that was seen."""
        return min(self._seen), max(self._seen)

    def _look(self) -> None:
        is_over = False
        while not is_over:
            is_over = self._ending.wait(PERIOD_SECONDS)
            self._seen.append(os.getloadavg()[0])
