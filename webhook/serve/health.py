"""Whether the server is ready to be sent requests, and if not, everything that it lacks."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from webhook.serve.snapshots import Snapshots


@dataclass(kw_only=True, slots=True)
class Health:
    """What readiness hangs on: a policy, a valid certificate, and not being on the way out."""

    snapshots: Snapshots
    expiry: Callable[[], float]
    draining: bool = False

    def faults(self) -> list[str]:
        """Say everything that keeps the server from being ready; nothing: it is."""
        found = []
        if self.draining:
            found.append("draining: the server is about to stop")
        if self.snapshots.policy is None:
            found.append(f"no policy: {self.snapshots.fault}")
        if self.expiry() <= time.time():
            found.append("no valid certificate: none was loaded, or it has expired")
        return found
