"""The Secret of the serving pair is spoilt in every way: replicas go on with the last good one."""

from datetime import UTC, datetime, timedelta

from tests.cluster.chaos.fleet import Replica
from tests.cluster.chaos.load import Load
from tests.cluster.chaos.row import Row
from tests.cluster.chaos.stage import Stage
from webhook.control.certificates import make_ca, make_leaf
from webhook.core.registration import Service

FAILURES = "gpuclass_certificate_reload_failures_total"
CERTIFICATE, KEY = "tls.crt", "tls.key"


class SpoiltCertificates(Row):
    """Each of the spoilt pairs is mounted, refused by every replica, and the good one put back."""

    name = "certificates"
    fault = "certificate half swapped, wrong key, expired, not valid yet, no PEM, empty"
    promise = "0 lost; the last good pair goes on; metric and log say so"
    long = 3

    def inject(self, stage: Stage, load: Load, times: int) -> str:
        """Mount each spoilt pair; nobody mends the Secret meanwhile."""
        good = stage.secret()
        spoilt = pairs(good)
        with stage.without_controller():
            for _ in range(times):
                for files in spoilt.values():
                    try:
                        self._refused(stage, files)
                        load.go_on(5)
                    finally:
                        stage.set_secret(good)
                    stage.of_each(lambda each: _fault(each) == "", "to be well again")
        return f"{times * len(spoilt)} spoilt pairs refused by each replica"

    @staticmethod
    def _refused(stage: Stage, files: dict[str, bytes]) -> None:
        before = {each.name: each.metric(FAILURES) for each in stage.fleet.replicas}
        places = {each.name: each.journal.end() for each in stage.fleet.replicas}
        stage.set_secret(files)
        stage.of_each(lambda each: each.metric(FAILURES) > before[each.name], "to refuse the pair")
        stage.of_each(lambda each: _logged(each, places[each.name]), "to log the refusal")


def _logged(replica: Replica, place: int) -> bool:
    return any(each["message"] == "certificate refused" for each in replica.journal.events(place))


def _fault(replica: Replica) -> object:
    return replica.report()["certificate"]["fault"]


def pairs(good: dict[str, bytes]) -> dict[str, dict[str, bytes]]:
    """Give what is mounted instead of a good pair, by what is wrong with it."""
    now = datetime.now(UTC)
    ca = make_ca(now - timedelta(days=800))
    hosts = Service().hosts
    other = make_leaf(make_ca(now), hosts, now)
    expired = make_leaf(ca, hosts, now - timedelta(days=750))
    early = make_leaf(make_ca(now), hosts, now + timedelta(days=30))
    return {
        "half swapped": good | {CERTIFICATE: other.certificate_pem()},
        "wrong key": good | {KEY: other.key_pem()},
        "expired": good | {CERTIFICATE: expired.certificate_pem(), KEY: expired.key_pem()},
        "not valid yet": good | {CERTIFICATE: early.certificate_pem(), KEY: early.key_pem()},
        "no PEM": good | {CERTIFICATE: b"\x00spoilt\xff"},
        "empty": good | {KEY: b""},
    }
