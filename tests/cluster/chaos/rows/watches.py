"""The way to the API server is cut, or nonsense comes from there: policies wait, pods do not."""

import contextlib
from collections.abc import Callable, Iterator

from tests.cluster.answering import answering
from tests.cluster.chaos.fleet import Replica
from tests.cluster.chaos.load import Load
from tests.cluster.chaos.row import Row
from tests.cluster.chaos.rows.policies import CLASSES
from tests.cluster.chaos.stage import Stage
from tests.cluster.components import LOOPBACK
from tests.cluster.waiting import eventually
from webhook.process.settings import Address

GONE = b'{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Expired","code":410}'
SILENCE = "gpuclass_watch_silence_seconds"
SILENT_SECONDS = 120
"""In the long form; a watch finds out within a minute."""
REQUESTS = 15


class WatchesCut(Row):
    """Both our programs lose the API server; it still sends us reviews."""

    name = "watches"
    fault = "no word from the API server (to both our programs); it answers 410, 500, garbage"
    promise = "0 lost; says how long it has heard nothing; catches up"
    long = 1

    def inject(self, stage: Stage, load: Load, times: int) -> str:  # noqa: ARG002 # once in both
        """Cut the way in each manner; a class that is written meanwhile is known afterwards."""
        silent = self._silence(stage, load)
        ways = (self._refused, self._answering(410, GONE), self._answering(500, b"oh dear"))
        for number, way in enumerate((*ways, self._answering(200, b"\x00garbage{"))):
            with way(stage):
                stage.of_each(_is_faulty, "to say what is wrong with a watch")
                self._write(stage, f"during-{number}")
                load.go_on(REQUESTS)
            self._known(stage, f"during-{number}")
        return f"silence of {silent:.0f} s; then refused, 410, 500 and garbage; caught up each time"

    def _silence(self, stage: Stage, load: Load) -> float:
        """Let nothing come through, without ending a connection."""
        stage.relay.hold()
        try:
            self._write(stage, "in-silence")
            load.go_on(REQUESTS)
            if self.is_long:
                wanted = SILENT_SECONDS
                stage.of_each(lambda each: _silence(each) >= wanted, "to tell of the silence")
            found = min(_silence(each) for each in stage.fleet.replicas)
        finally:
            stage.relay.resume()
        if not self.is_long:
            stage.relay.cut()
        self._known(stage, "in-silence")
        return found

    @staticmethod
    @contextlib.contextmanager
    def _refused(stage: Stage) -> Iterator[None]:
        stage.relay.lead_to([])
        stage.relay.cut()
        try:
            yield
        finally:
            stage.relay.lead_to([stage.api_address])
            stage.relay.cut()

    @staticmethod
    def _answering(
        status: int, body: bytes
    ) -> Callable[[Stage], contextlib.AbstractContextManager[None]]:
        @contextlib.contextmanager
        def way(stage: Stage) -> Iterator[None]:
            pair = stage.control_plane.server_pair
            with answering(lambda *_: body, pair, status=status) as port:
                stage.relay.lead_to([Address(host=LOOPBACK, port=port)])
                stage.relay.cut()
                try:
                    yield
                finally:
                    stage.relay.lead_to([stage.api_address])
                    stage.relay.cut()

        return way

    @staticmethod
    def _write(stage: Stage, name: str) -> None:
        document = {
            "apiVersion": "gpuclass.io/v1alpha1",
            "kind": "GPUClass",
            "metadata": {"name": name},
            "spec": {"pools": [{"name": "training"}]},
        }
        stage.control_plane.api.request("POST", CLASSES, document)

    @staticmethod
    def _known(stage: Stage, name: str) -> None:
        """Wait until every replica knows of a class, and the controller; then delete it."""
        stage.of_each(lambda each: name in _last_classes(each), f"to know of {name}")
        stage.revive()
        path = f"{CLASSES}/{name}"
        eventually(lambda: stage.control_plane.api.request("GET", path).get("status"), "a status")
        stage.control_plane.api.request("DELETE", f"{CLASSES}/{name}")
        stage.of_each(lambda each: name not in _last_classes(each), f"to forget {name}")


def _silence(replica: Replica) -> float:
    """Give for how long the watch of classes has heard nothing."""
    return replica.metric(f'{SILENCE}{{resource="gpuclasses"}}')


def _is_faulty(replica: Replica) -> bool:
    return any(each["fault"] for each in replica.report()["watches"])


def _last_classes(replica: Replica) -> list[str]:
    """Give the classes of the policy in force, as the log says."""
    events = replica.journal.events()
    found: list[str] = [each for each in events if each["message"] == "policy in force"][-1][
        "classes"
    ]
    return found
