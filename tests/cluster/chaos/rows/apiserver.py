"""The API server is killed and comes back: no pod slips in before it knows of the webhooks."""

from tests.cluster.chaos.load import Answer, Load, Outcome
from tests.cluster.chaos.row import Row
from tests.cluster.chaos.stage import Stage


class ApiServerRestart(Row):
    """Its clients lose what it was asked; what it lets in afterwards is governed as before."""

    name = "apiserver-restart"
    fault = "the API server is killed and started again"
    promise = "only failures of the API server's own; no GPU pod without policy"
    long = 5
    counts_apiserver = False

    def inject(self, stage: Stage, load: Load, times: int) -> str:
        """Restart it, so many times."""
        for _ in range(times):
            stage.control_plane.restart_apiserver()
            load.go_on(50)
        return f"{times} restarts"

    def may_lose(self, answer: Answer) -> bool:
        """Allow what the API server itself did not answer."""
        return answer.outcome is Outcome.APISERVER
