"""The load, without an API server: what is due is sent, at the pace of the moment."""

from tests.cluster.api import Api, Json
from tests.cluster.chaos.load import GPU, Load
from tests.cluster.waiting import eventually

HOURLY = 1 / 3600


class Lonely:
    """Lets in whatever comes, as it came."""

    def session(self) -> "Lonely":
        """Give a connection."""
        return self

    def request(self, method: str, path: str, body: Json) -> Json:
        """Give what was sent."""
        del method, path
        return body

    def close(self) -> None:
        """Do nothing."""


def test_another_pace_wakes_who_waits_for_the_former_one() -> None:
    api: Api = Lonely()  # type: ignore[assignment] # one of its methods
    with Load(api, "/pods", HOURLY, (GPU,), 4) as load:
        eventually(lambda: load.answers, "the first request, which is due at once")
        load.pace(1000)
        eventually(lambda: len(load.answers) > 100, "all to send at the new pace")
        load.pace(HOURLY)
    assert {each.outcome for each in load.answers} == {"ungoverned"}


def test_the_end_waits_for_nobody_who_has_nothing_to_send() -> None:
    api: Api = Lonely()  # type: ignore[assignment] # one of its methods
    with Load(api, "/pods", HOURLY, (GPU,), 4) as load:
        eventually(lambda: load.answers, "the first request")
    assert len(load.answers) == 1
