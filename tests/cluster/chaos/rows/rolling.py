"""Replicas are replaced one after the other, as a rollout of the Deployment does."""

from tests.cluster.chaos.load import Load
from tests.cluster.chaos.row import Row
from tests.cluster.chaos.stage import Stage


class Rolling(Row):
    """A surge replica, readiness, preStop, SIGTERM, draining, for each replica in turn."""

    name = "rolling"
    fault = "rolling restart: a new replica, then preStop, SIGTERM and draining for an old one"

    def inject(self, stage: Stage, load: Load, times: int) -> str:
        """Roll all replicas, so many times."""
        replaced = 0
        for _ in range(times):
            replaced += stage.roll()
            load.go_on(1)
        return f"{replaced} replicas replaced"
