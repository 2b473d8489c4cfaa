"""Whether this replica is fit to lead, and what it does: /readyz."""

from collections.abc import Callable, Mapping

from webhook.control.leader import Election


class Health:
    """A replica that waits for the lease is as ready as the one that has it."""

    def __init__(self, election: Election, has_documents: Callable[[], bool]) -> None:
        """Take what is looked at whenever somebody asks."""
        self.is_ending = False
        self._election = election
        self._has_documents = has_documents

    def reasons(self) -> list[str]:
        """Say everything that keeps this replica from being ready; nothing: it is."""
        reasons = []
        if self.is_ending:
            reasons.append("ending: the controller is about to stop")
        if not self._has_documents():
            reasons.append("the documents of the API server are not known yet")
        return reasons

    def report(self) -> Mapping[str, object]:
        """Say all that there is to know, for a person: `/readyz?verbose`."""
        reasons = self.reasons()
        return {
            "ready": not reasons,
            "reasons": reasons,
            "identity": self._election.identity,
            "leading": self._election.is_leader(),
            "holder": self._election.holder,
        }
