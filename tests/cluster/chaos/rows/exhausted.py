"""A replica has nothing left: no file descriptors, or no disk to write to."""

import contextlib
import resource
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.cluster.chaos.fleet import Make, Replica
from tests.cluster.chaos.hostile import Hostile
from tests.cluster.chaos.load import Load
from tests.cluster.chaos.row import Row
from tests.cluster.chaos.rows.certificates import FAILURES
from tests.cluster.chaos.stage import AS_SHIPPED, Stage
from tests.cluster.waiting import eventually

DROPPED = "gpuclass_log_lines_dropped_total"
SPARE = 4
"""Descriptors that are left before the crowd comes."""
CROWD = 40
REQUESTS = 40
READ_ONLY = ("unshare", "--map-root-user", "--mount")
REMOUNT = 'mount -t tmpfs none "$TMPDIR" && mount -o remount,ro,bind / && exec "$@"'
"""As in the Deployment: nothing can be written but what is in memory."""


@contextlib.contextmanager
def limited(pids: tuple[int, ...], what: int, limit: int) -> Iterator[None]:
    """Set a limit of running processes, and set it back."""
    before = {pid: resource.prlimit(pid, what) for pid in pids}
    for pid, (_, hard) in before.items():
        resource.prlimit(pid, what, (limit, hard))
    try:
        yield
    finally:
        for pid, limits in before.items():
            resource.prlimit(pid, what, limits)


class NoDescriptors(Row):
    """The worker may open no more; connections that idle hold all that there are."""

    name = "descriptors"
    fault = "no file descriptors left in one of three replicas"
    promise = "0 lost; makes room by ending idle connections; the log says so"

    def inject(self, stage: Stage, load: Load, times: int) -> str:
        """Take the descriptors away, and give them back."""
        for number in range(times):
            replica = stage.fleet.replicas[number % len(stage.fleet.replicas)]
            _, worker = stage.fleet.pids(replica)
            used = len([*Path(f"/proc/{worker}/fd").iterdir()])
            place = replica.journal.end()
            with (
                limited((worker,), resource.RLIMIT_NOFILE, used + SPARE),
                Hostile([replica.address], {"idle": CROWD}),
            ):
                eventually(lambda: _complains(replica, place), "the log to say so")  # noqa: B023
                load.go_on(REQUESTS)
            load.go_on(REQUESTS)
        return f"{times} times with {CROWD} idle connections"


def _complains(replica: Replica, place: int) -> bool:
    return any(each["message"] == "can not accept" for each in replica.journal.events(place))


class NoDisk(Row):
    """Where the system lets us, the root is read-only all along; then nothing can be written.

    A file that may not grow is what a full disk is to the one who writes. The pair is mounted anew
    meanwhile: it can not be taken, and is once there is room.
    """

    name = "disk"
    fault = "read-only root; disk full: not a byte can be written, while the certificate is renewed"
    promise = "0 lost; log lines are dropped and counted; the renewed pair is taken afterwards"

    def make(self, stage: Stage) -> Make:
        """Mount the root read-only, if that can be done here."""
        self._memory = stage.folder("memory")
        if not self._can_remount():
            return AS_SHIPPED
        return Make(before=self._read_only())

    def inject(self, stage: Stage, load: Load, times: int) -> str:
        """Let nobody write, renew the pair, and let all write again."""
        pair = stage.secret()
        for _ in range(times):
            pids = tuple(pid for each in stage.fleet.replicas for pid in stage.fleet.pids(each))
            before = {each.name: each.metric(FAILURES) for each in stage.fleet.replicas}
            with limited(pids, resource.RLIMIT_FSIZE, 0):
                stage.set_secret(pair | {"renewed": b""})
                stage.set_secret(pair)
                stage.of_each(lambda each: each.metric(FAILURES) > before[each.name], "to refuse")  # noqa: B023
                load.go_on(REQUESTS)
                stage.of_each(lambda each: each.metric(DROPPED) > 0, "to count lost lines")
            stage.of_each(lambda each: each.report()["certificate"]["fault"] == "", "to take it")
        root = (
            "read-only root" if self._can_remount() else "root as it is: it could not be remounted"
        )
        return f"{root}; {times} times no byte to write"

    def _read_only(self) -> tuple[str, ...]:
        return ("env", f"TMPDIR={self._memory}", *READ_ONLY, "sh", "-c", REMOUNT, "sh")

    def _can_remount(self) -> bool:
        """Tell whether a user may have mounts of its own here; containers often forbid it."""
        if shutil.which(READ_ONLY[0]) is None:
            return False
        command = [*self._read_only(), "true"]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
