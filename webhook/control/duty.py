"""Duties: what the leader does again and again until the cluster is as it should be.

A duty looks at what is there and does what is missing; it is told neither what changed nor how
often it runs. A loop runs its duties in one thread, one after another, whenever its bell rings or
a duty wants to look again.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Protocol

from webhook.control.metrics import Metrics
from webhook.core.errors import GpuclassError
from webhook.process.logs import ROOT, fields

FIRST_RETRY, LAST_RETRY = 0.2, 2.0
"""Seconds before a failed duty is tried again: doubled each time, from the one to the other."""

NOT_LEADING_PAUSE = 0.2
"""Seconds before a leader whose time is over looks whether its lease was renewed after all."""

_log = logging.getLogger(f"{ROOT}.controller")


class Duty(Protocol):
    """One thing that the leader keeps in order."""

    @property
    def name(self) -> str:
        """Give what logs and metrics call it."""
        ...

    def run(self) -> float:
        """Do what is missing; give the seconds until it wants to look again (0: at once)."""
        ...


class Loop:
    """Runs duties whenever this replica may act."""

    def __init__(
        self,
        duties: Sequence[Duty],
        may_act: Callable[[], bool],
        metrics: Metrics,
    ) -> None:
        """Take the duties in their order, and who says whether we lead."""
        self._duties = duties
        self._may_act = may_act
        self._metrics = metrics
        self._bell = threading.Event()
        self._is_ending = False
        self._retry = FIRST_RETRY

    def ring(self) -> None:
        """Say that something may have changed."""
        self._bell.set()

    def end(self) -> None:
        """Let the run that is going on be the last."""
        self._is_ending = True
        self._bell.set()

    def run(self) -> None:
        """Run until `end`; whoever may not act at the moment looks whether it may again.

        A leader that stood still, or whose renewal is answered late, may not act for a moment, and
        leads on: it is `end` that says that it does not.
        """
        while not self._is_ending:
            self._bell.wait(self._timed_turn() if self._may_act() else NOT_LEADING_PAUSE)
            self._bell.clear()

    def _timed_turn(self) -> float:
        started = time.monotonic()
        pause = self.turn()
        self._metrics.duty_seconds.observe(time.monotonic() - started)
        return pause

    def turn(self) -> float:
        """Run each duty once and give the seconds until one wants to look again."""
        pauses = [self._run_one(each) for each in self._duties]
        if any(pause is None for pause in pauses):
            pause, self._retry = self._retry, min(self._retry * 2, LAST_RETRY)
            return min(pause, *(each for each in pauses if each is not None), pause)
        self._retry = FIRST_RETRY
        return min(each for each in pauses if each is not None)

    def _run_one(self, duty: Duty) -> float | None:
        """Run a duty; None: it failed, which is logged and counted, and others go on."""
        try:
            pause = duty.run()
        except GpuclassError as error:
            _log.warning("duty failed", extra=fields(duty=duty.name, fault=str(error)))
        except Exception as error:  # noqa: BLE001 # a fault of ours must not end the other duties
            _log.error("duty failed: internal fault", exc_info=error, extra=fields(duty=duty.name))
        else:
            self._metrics.count_duty(duty.name, is_done=True)
            return pause
        self._metrics.count_duty(duty.name, is_done=False)
        return None
