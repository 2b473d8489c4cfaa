"""Lists and watches against a scripted API server: what is kept, and what becomes of failures."""

import itertools
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pytest

from tests.cluster.waiting import eventually
from tests.watch.apiserver import Answer, ApiServer, Asked, End, answer
from webhook.watch import reflector, wire
from webhook.watch.connection import connect
from webhook.watch.failure import Reason
from webhook.watch.reflector import Pace, Reflector
from webhook.watch.resource import Resource

PATH = "/apis/gpuclass.io/v1alpha1/gpuclasses"


class Colour(msgspec.Struct):
    """What is kept of an object."""

    colour: str


read_colour = msgspec.json.Decoder(Colour).decode


def thing(name: str, colour: str, version: int = 1) -> dict[str, object]:
    metadata = {"name": name, "namespace": "a", "resourceVersion": str(version)}
    return {"metadata": metadata, "colour": colour, "status": {"large": "x" * 100}}


def listed(*items: object, version: int = 10, more: str = "") -> Answer:
    metadata = {"resourceVersion": str(version), "continue": more}
    return answer({"metadata": metadata, "items": items or None})


def event(kind: str, value: object) -> bytes:
    return json.dumps({"type": kind, "object": value}).encode() + b"\n"


def watched(*parts: bytes, end: End = End.WHOLE) -> Answer:
    return Answer(parts=parts, end=end)


def status(code: int, **headers: str) -> Answer:
    return answer({"kind": "Status", "code": code, "message": "not now"}, code, **headers)


GONE = event("ERROR", {"kind": "Status", "code": 410, "message": "too old resource version"})
BOOKMARK = event("BOOKMARK", {"metadata": {"resourceVersion": "99"}})
QUIET = watched(BOOKMARK)


@dataclass
class Seen:
    """What a reflector did with a script."""

    reflector: Reflector[str]
    asked: list[Asked]
    waits: list[float] = field(default_factory=list)
    changes: list[dict[str, str]] = field(default_factory=list)

    @property
    def versions(self) -> list[str]:
        """Give where each request began: `list`, a page's token, or a watch's version."""
        return [
            each.query.get("resourceVersion") or each.query.get("continue") or "list"
            for each in self.asked
        ]

    @property
    def failures(self) -> dict[Reason, int]:
        """Give the failures that there were, but the one of the script's end."""
        found = {each: count for each, count in self.reflector.figures.failures.items() if count}
        found[Reason.REFUSED] -= 1
        return {each: count for each, count in found.items() if count}


Follow = Callable[..., Seen]


@pytest.fixture
def follow(tmp_path: Path) -> Follow:
    """Give a function that runs a reflector until the script is at its end."""

    def run(
        *answers: Answer,
        is_optional: bool = False,
        chance: float = 1.0,
        older: tuple[str, ...] = (),
    ) -> Seen:
        ticks = itertools.count(0, 10)
        resource = Resource(
            name="things",
            path=PATH,
            read=lambda raw: read_colour(raw).colour,
            is_optional=is_optional,
            older=older,
        )
        with ApiServer(*answers) as server:

            def wait(_: threading.Event, seconds: float) -> bool:
                seen.waits.append(seconds)
                return server.is_done and seen.reflector.figures.failures[Reason.REFUSED] > 0

            pace = Pace(clock=lambda: float(next(ticks)), chance=lambda: chance, wait=wait)
            client = connect(server.kubeconfig(tmp_path))
            seen = Seen(
                Reflector(resource, client, lambda: seen.changes.append(kept(seen)), pace),
                server.asked,
            )
            seen.reflector.run()
        return seen

    return run


def kept(seen: Seen) -> dict[str, str]:
    return {name: colour for (_, name), colour in seen.reflector.items().items()}


def test_a_list_is_read_in_pages_and_then_watched_from_its_version(follow: Follow) -> None:
    seen = follow(
        listed(thing("x", "red"), more="more"),
        listed(thing("y", "blue"), version=12),
        QUIET,
    )
    assert seen.versions == ["list", "more", "12", "99"]
    assert {each.path for each in seen.asked} == {PATH}
    assert [each.query.get("limit") for each in seen.asked[:2]] == ["500", "500"]
    assert seen.changes == [{"x": "red", "y": "blue"}]
    assert seen.reflector.items() == {("a", "x"): "red", ("a", "y"): "blue"}
    assert seen.reflector.is_synced


def test_a_watch_asks_for_bookmarks_and_ends_by_itself(follow: Follow) -> None:
    first, last = follow(listed(), QUIET, chance=0.0), follow(listed(), QUIET, chance=1.0)
    query = first.asked[1].query
    assert query == {
        "watch": "true",
        "allowWatchBookmarks": "true",
        "resourceVersion": "10",
        "timeoutSeconds": "40",
    }
    assert last.asked[1].query["timeoutSeconds"] == "48"


def test_a_cut_connection_is_noticed_within_a_minute() -> None:
    longest = reflector.WATCH_SECONDS + reflector.SPREAD_SECONDS + reflector.GRACE_SECONDS
    assert longest < 60


def test_events_change_what_is_known_one_after_the_other(follow: Follow) -> None:
    seen = follow(
        listed(thing("x", "red")),
        watched(
            event("ADDED", thing("y", "blue", 11)),
            event("MODIFIED", thing("x", "green", 12)),
            event("DELETED", thing("y", "blue", 13)),
        ),
    )
    assert seen.changes == [
        {"x": "red"},
        {"x": "red", "y": "blue"},
        {"x": "green", "y": "blue"},
        {"x": "green"},
    ]
    assert seen.versions == ["list", "10", "13"]


def test_what_does_not_matter_is_no_change(follow: Follow) -> None:
    seen = follow(
        listed(thing("x", "red")),
        watched(
            event("MODIFIED", thing("x", "red", 11)),
            event("DELETED", thing("never-known", "red", 12)),
            BOOKMARK,
        ),
    )
    assert seen.changes == [{"x": "red"}]
    assert seen.versions[-1] == "99"


def test_events_are_read_wherever_they_are_split(follow: Follow) -> None:
    whole = event("ADDED", thing("y", "blau-grün", 11)) + b"\n" + BOOKMARK
    parts = [whole[each : each + 7] for each in range(0, len(whole), 7)]
    seen = follow(listed(), watched(*parts))
    assert seen.changes == [{}, {"y": "blau-grün"}]
    assert seen.versions == ["list", "10", "99"]


def test_an_empty_list_is_news_the_first_time(follow: Follow) -> None:
    seen = follow(listed(), watched(GONE), listed(version=20), QUIET)
    assert seen.changes == [{}]
    assert seen.reflector.figures.lists == 2


EXPIRIES: dict[str, tuple[Sequence[Answer], Sequence[str]]] = {
    "while paging": (
        [listed(more="more"), status(410), listed(thing("x", "new"), version=20), QUIET],
        ["list", "more", "list", "20", "99"],
    ),
    "as the answer to a watch": (
        [listed(), status(410), listed(thing("x", "new"), version=20), QUIET],
        ["list", "10", "list", "20", "99"],
    ),
    "within a watch": (
        [listed(), watched(GONE), listed(thing("x", "new"), version=20), QUIET],
        ["list", "10", "list", "20", "99"],
    ),
}


@pytest.mark.parametrize(("script", "versions"), EXPIRIES.values(), ids=EXPIRIES)
def test_what_has_expired_is_listed_anew(
    follow: Follow, script: Sequence[Answer], versions: Sequence[str]
) -> None:
    seen = follow(*script)
    assert seen.versions == versions
    assert seen.failures == {Reason.EXPIRED: 1}
    assert kept(seen) == {"x": "new"}


def test_a_new_list_replaces_what_was_known_at_once(follow: Follow) -> None:
    seen = follow(
        listed(thing("x", "red"), thing("y", "red")),
        watched(GONE),
        listed(thing("z", "red"), more="more", version=20),
        listed(thing("y", "blue"), version=20),
    )
    assert seen.changes == [{"x": "red", "y": "red"}, {"z": "red", "y": "blue"}]


def test_failures_keep_what_is_known_and_the_place(follow: Follow) -> None:
    seen = follow(listed(thing("x", "red")), status(500), status(503), QUIET)
    assert seen.versions == ["list", "10", "10", "10", "99"]
    assert seen.changes == [{"x": "red"}]
    assert seen.failures == {Reason.REFUSED: 2}


def test_waits_double_up_to_half_a_minute_and_begin_anew(follow: Follow) -> None:
    seen = follow(*[status(500)] * 9, listed(), QUIET)
    assert seen.waits == [0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30.0, 0.2]


def test_waits_are_spread(follow: Follow) -> None:
    assert follow(status(500), listed(), QUIET, chance=0.0).waits == [0.1, 0.1]


RETRIES = {"seconds": ("7", 7.0), "too long": ("3600", 60.0), "a date": ("Thu, 1 Jan", 0.2)}


@pytest.mark.parametrize(("header", "wait"), RETRIES.values(), ids=RETRIES)
def test_an_api_server_that_asks_for_time_gets_it(follow: Follow, header: str, wait: float) -> None:
    seen = follow(status(429, Retry_After=header), listed(), QUIET)
    assert seen.waits[0] == wait
    assert seen.failures == {Reason.THROTTLED: 1}


CUTS = {
    "between events": (watched(event("ADDED", thing("y", "blue", 11)), end=End.CUT), "11"),
    "within an event": (watched(event("ADDED", thing("y", "b", 11)), b'{"ty', end=End.CUT), "11"),
    "within an event, politely": (watched(event("ADDED", thing("y", "b", 11)), b'{"ty'), "11"),
    "before anything": (watched(end=End.CUT), "10"),
}


@pytest.mark.parametrize(("cut", "version"), CUTS.values(), ids=CUTS)
def test_a_watch_that_is_cut_goes_on_where_it_was(
    follow: Follow, cut: Answer, version: str
) -> None:
    seen = follow(listed(), cut, QUIET)
    assert seen.versions == ["list", "10", version, "99"]
    assert seen.failures == {Reason.UNREACHABLE: 1}
    assert seen.waits[0] == 0.2


def test_a_watch_that_ends_at_once_is_not_asked_for_in_a_circle(
    follow: Follow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reflector, "SHORTEST_WATCH_SECONDS", 1000.0)
    seen = follow(listed(), watched(), watched())
    assert seen.waits[:2] == [0.2, 0.4]
    assert seen.failures == {Reason.UNREACHABLE: 2}


def test_a_connection_that_says_nothing_is_given_up(
    follow: Follow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reflector, "WATCH_SECONDS", 0)
    monkeypatch.setattr(reflector, "SPREAD_SECONDS", 0)
    monkeypatch.setattr(reflector, "GRACE_SECONDS", 1.0)
    seen = follow(listed(), watched(event("ADDED", thing("y", "b", 11)), end=End.SILENT), QUIET)
    assert seen.failures == {Reason.SILENT: 1}
    assert seen.versions == ["list", "10", "11", "99"]


HOURS = 6
WATCHES = HOURS * 3600 // reflector.WATCH_SECONDS


@pytest.mark.parametrize("says", [(), (BOOKMARK,)], ids=["nothing", "bookmarks only"])
def test_after_hours_in_which_nothing_changed_the_next_change_is_seen(
    tmp_path: Path, says: tuple[bytes, ...]
) -> None:
    now, ages = [0.0], []

    def silence(*then: bytes) -> Iterator[bytes]:
        now[0] += reflector.WATCH_SECONDS
        ages.append(found.age)
        yield from then

    last = event("ADDED", thing("y", "blue", 100))
    script = [*([says] * WATCHES), (last,), (GONE,)]
    quiet = [Answer(parts=silence(*parts)) for parts in script]
    relisted = [listed(thing("x", "red"), thing("y", "blue"), thing("z", "new"), version=200)]
    with ApiServer(listed(thing("x", "red")), *quiet, *relisted) as server:
        resource = Resource(name="things", path=PATH, read=lambda raw: read_colour(raw).colour)
        told: list[int] = []
        found = Reflector(
            resource,
            connect(server.kubeconfig(tmp_path)),
            lambda: told.append(found.count),
            Pace(clock=lambda: now[0], wait=lambda _, __: server.is_done),
        )
        found.run()
    assert told == [1, 2, 3]
    assert now[0] >= HOURS * 3600
    assert max(each or 0 for each in ages) < 60
    assert found.figures.failures[Reason.EXPIRED] == 1
    asked = [each.query.get("resourceVersion", "list") for each in server.asked]
    assert asked[: WATCHES + 2] == ["list", "10", *["99" if says else "10"] * WATCHES]
    assert found.figures.lists == 2


def test_refused_credentials_are_tried_again(follow: Follow) -> None:
    seen = follow(status(401), status(401), listed(), QUIET)
    assert seen.failures == {Reason.UNAUTHORIZED: 1}
    assert seen.reflector.is_synced


@pytest.mark.parametrize("code", [403, 404])
def test_an_optional_resource_that_is_absent_holds_nothing_up(follow: Follow, code: int) -> None:
    seen = follow(status(code), is_optional=True)
    assert seen.reflector.is_synced
    assert seen.changes == [{}]


OLDER = ("/apis/v1beta2/things", "/apis/v1beta1/things")


def test_an_api_server_that_has_only_an_older_version_is_asked_for_that(follow: Follow) -> None:
    script = (status(404), status(404), listed(thing("x", "red")), QUIET)
    seen = follow(*script, is_optional=True, older=OLDER)
    assert [each.path for each in seen.asked[:4]] == [PATH, *OLDER, OLDER[1]]
    assert seen.changes == [{"x": "red"}]
    assert seen.waits[:2] == [0.2, 0.4]


def test_after_an_upgrade_the_version_that_is_served_then_is_found(follow: Follow) -> None:
    before = (status(404), listed(thing("x", "red")), QUIET)
    after = (status(404), status(404), listed(thing("x", "blue")), QUIET)
    seen = follow(*before, *after, is_optional=True, older=OLDER)
    assert [each.path for each in seen.asked[2:6]] == [OLDER[0], OLDER[0], OLDER[1], PATH]
    assert seen.changes == [{"x": "red"}, {"x": "blue"}]


def test_it_is_done_without_once_no_version_is_served(follow: Follow) -> None:
    seen = follow(*[status(404)] * 3, is_optional=True, older=OLDER)
    assert seen.changes == [{}]
    assert [each.path for each in seen.asked[:4]] == [PATH, *OLDER, PATH]


def test_an_optional_resource_is_asked_for_ever_more_seldom(follow: Follow) -> None:
    waits = follow(*[status(404)] * 12, is_optional=True).waits
    assert waits[:3] == [0.2, 0.4, 0.8]
    assert waits[9:12] == [102.4, 180.0, 180.0]


def test_an_optional_resource_is_followed_once_it_is_there(follow: Follow) -> None:
    seen = follow(status(404), listed(thing("x", "red")), QUIET, is_optional=True)
    assert seen.changes == [{}, {"x": "red"}]


def test_an_optional_resource_that_goes_keeps_what_was_known(follow: Follow) -> None:
    seen = follow(listed(thing("x", "red")), status(404), is_optional=True)
    assert seen.changes == [{"x": "red"}]


def test_a_resource_that_is_needed_is_waited_for(follow: Follow) -> None:
    seen = follow(*[status(404)] * 8)
    assert not seen.reflector.is_synced
    assert seen.changes == []
    assert seen.waits[6] == 5.0


UNREADABLE = {
    "a list": ([Answer(parts=(b"<html>",)), listed(version=20), QUIET], ["list", "list", "20"]),
    "an object of a list": (
        [listed({"metadata": {"name": "x"}}), listed(version=20), QUIET],
        ["list", "list", "20"],
    ),
    "an event": (
        [listed(), watched(b"<html>\n"), listed(version=20), QUIET],
        ["list", "10", "list", "20"],
    ),
    "an object of an event": (
        [listed(), watched(event("ADDED", {"metadata": {}})), listed(version=20), QUIET],
        ["list", "10", "list", "20"],
    ),
}


@pytest.mark.parametrize(("script", "versions"), UNREADABLE.values(), ids=UNREADABLE)
def test_what_can_not_be_read_is_listed_anew(
    follow: Follow, script: Sequence[Answer], versions: Sequence[str]
) -> None:
    seen = follow(*script)
    assert seen.versions == [*versions, "99"]
    assert seen.failures == {Reason.UNREADABLE: 1}


def test_a_fault_of_ours_does_not_end_the_watch(
    follow: Follow, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults = iter([ZeroDivisionError("ours")])
    whole = wire.read_page

    def read_page(body: bytes) -> wire.Page:
        for fault in faults:
            raise fault
        return whole(body)

    monkeypatch.setattr(wire, "read_page", read_page)
    seen = follow(listed(), listed(thing("x", "red")), QUIET)
    assert seen.failures == {Reason.INTERNAL: 1}
    assert kept(seen) == {"x": "red"}


def test_a_fault_says_what_is_wrong_until_all_is_well(tmp_path: Path) -> None:
    faults: list[str] = []
    with ApiServer(status(500), status(500), listed(), QUIET, status(503)) as server:

        def wait(_: threading.Event, __: float) -> bool:
            faults.append(found.fault)
            return server.is_done

        resource = Resource(name="things", path=PATH, read=read_colour)
        found = Reflector(
            resource,
            connect(server.kubeconfig(tmp_path)),
            lambda: faults.append(found.fault),
            Pace(wait=wait),
        )
        assert found.age is None
        found.run()
    assert faults == ["500: not now", "500: not now", "", "503: not now"]
    assert found.age is not None


def test_a_watch_is_well_again_before_it_has_anything_to_tell(tmp_path: Path) -> None:
    with ApiServer(listed(), status(503), watched(end=End.SILENT)) as server:
        resource = Resource(name="things", path=PATH, read=read_colour)
        found = Reflector(resource, connect(server.kubeconfig(tmp_path)), lambda: None)
        found.start()
        eventually(lambda: found.fault == "503: not now", "the fault")
        eventually(lambda: not found.fault, "the fault to go")
        found.stop()
        found.join()


ERROR = event("ERROR", {"kind": "Status", "code": 500, "message": "etcd"})


@pytest.mark.parametrize(
    "script",
    [
        pytest.param([listed(), watched(ERROR), watched(ERROR), watched(ERROR)], id="watches"),
        pytest.param([listed(), watched(GONE)] * 3, id="lists too"),
    ],
)
def test_watches_that_only_fail_are_asked_for_ever_later(
    follow: Follow, script: Sequence[Answer]
) -> None:
    assert follow(*script).waits[:3] == [0.2, 0.4, 0.8]


def test_the_thread_ends_although_the_api_server_is_silent(tmp_path: Path) -> None:
    with ApiServer(listed(), watched(end=End.SILENT)) as server:
        synced = threading.Event()
        resource = Resource(name="things", path=PATH, read=read_colour)
        found = Reflector(resource, connect(server.kubeconfig(tmp_path)), synced.set)
        found.start()
        assert synced.wait(60)
        found.stop()
        found.join()
        assert "watch-things" not in [each.name for each in threading.enumerate()]


def test_what_never_started_ends_at_once(tmp_path: Path) -> None:
    with ApiServer() as server:
        resource = Resource(name="things", path=PATH, read=read_colour)
        found = Reflector(resource, connect(server.kubeconfig(tmp_path)), lambda: None)
        found.stop()
        found.join()
