"""The policy in force: swapped whole, never for a broken one, and never without a trace.

Where policies come from is the business of `sources`.
"""

import logging
import time
from collections import deque
from collections.abc import Callable, Iterable

from webhook.core.cluster import Cluster
from webhook.core.errors import GpuclassError, PolicyError
from webhook.core.policy.documents import Document
from webhook.core.policy.policy import Policy
from webhook.process.logs import ROOT, fields
from webhook.serve.metrics import Metrics

KEPT_SECONDS = 30.0
"""How long a policy that was in force is remembered: no review takes longer in the API server."""
KEPT = 16
"""How many of them at most."""
KEPT_CLASSES = 4000
"""How many classes they may have together: each policy is some 3 KB a class and its pool."""

_log = logging.getLogger(f"{ROOT}.policy")


class Snapshots:
    """Holds the last good policy; a request reads it once and so sees one revision throughout.

    `policy` is None until one loads; `faults` says, a line each, what is wrong with what there is
    now, and is empty when that is what is in force. Only before the first good policy does a part
    of one do.
    """

    def __init__(self, metrics: Metrics, clock: Callable[[], float] = time.time) -> None:
        """Begin without a policy."""
        self.policy: Policy | None = None
        self.loaded_at = 0.0
        self.faults: tuple[str, ...] = ()
        self._metrics = metrics
        self._clock = clock
        self._former: deque[tuple[float, Policy]] = deque(maxlen=KEPT)
        self._aged: tuple[Policy, Policy] | None = None

    def current(self) -> Policy | None:
        """Give the policy in force, with those before it for as long as they are remembered."""
        policy = self.policy
        if policy is None or not policy.former or self._clock() < self.loaded_at + KEPT_SECONDS:
            return policy
        if self._aged is None or self._aged[0] is not policy:
            # Not put in force: another thread may put a newer one there meanwhile.
            self._aged = (policy, policy.after(()))
        return self._aged[1]

    def accept(self, policy: Policy) -> None:
        """Put a policy in force, with which nothing is wrong."""
        self._put(policy)
        self.faults = ()
        self._metrics.policy_faults.set(0)

    def begin(self, policy: Policy) -> None:
        """Put in force what is sound, where nothing was before; what is wrong stays told."""
        self._put(policy)
        _log.warning("policy in force without what is wrong", extra=fields(faults=self.faults))

    def _put(self, policy: Policy) -> None:
        before, now = self.policy, self._clock()
        is_new = before is None or before.revision != policy.revision
        if before is not None and is_new:
            self._former.appendleft((now, before.after(())))
        former = self._remembered(now)
        self.policy = policy.after(former) if former else policy
        self.loaded_at = now
        self._metrics.set_policy(policy, self.loaded_at)
        if is_new:
            classes = sorted(policy.classes)
            _log.info("policy in force", extra=fields(revision=policy.revision, classes=classes))

    def _remembered(self, now: float) -> list[Policy]:
        """Give the policies that were in force a moment ago, newest first; forget all others."""
        found: list[Policy] = []
        classes = 0
        for at, each in self._former:
            classes += len(each.classes)
            if now >= at + KEPT_SECONDS or (found and classes > KEPT_CLASSES):
                break
            found.append(each)
        while len(self._former) > len(found):
            self._former.pop()
        return found

    def take(self, load: Callable[[], Policy]) -> None:
        """Put in force what `load` gives; where it raises, nothing changes but `faults`."""
        try:
            policy = load()
        except GpuclassError as error:
            self._refuse(error)
        except Exception as error:  # noqa: BLE001 # a fault of ours must not end the watch
            _log.error("policy not loaded: internal fault", exc_info=error)
            self._refuse(error)
        else:
            self.accept(policy)

    def know(self, cluster: Cluster, documents: Iterable[Document]) -> None:
        """Let the policy in force know what the API server says besides, and all documents.

        A document that is written is judged beside those, whether or not they go together.
        """
        if self.policy is not None:
            self.policy = self.policy.knowing(cluster).beside(documents)

    def _refuse(self, error: Exception) -> None:
        faults = (
            tuple(str(fault) for fault in error.faults)
            if isinstance(error, PolicyError)
            else (str(error),)
        )
        self.faults = faults
        self._metrics.policy_failures.inc()
        self._metrics.policy_faults.set(len(faults))
        kept = self.policy.revision if self.policy else None
        _log.error("policy refused", extra=fields(in_force=kept, faults=faults))
