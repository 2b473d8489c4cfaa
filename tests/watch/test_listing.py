"""Objects asked for once: page by page, none of them kept, and what is refused."""

import json
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

import pytest
from urllib3.exceptions import ProtocolError

from webhook.core.audit.inventory import Inventory
from webhook.core.errors import OperatorError
from webhook.watch.census import NODES, PODS, RESOURCES, take
from webhook.watch.listing import Listing, RefusedError


@dataclass(slots=True)
class Answer:
    """An answer of an API server."""

    data: bytes
    status: int = 200


@dataclass(slots=True)
class Pages:
    """An API server that has three pages of everything; `refused` paths have a status."""

    refused: dict[str, int] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def get(self, path: str) -> Answer:
        """Give a page of two objects."""
        parts = urlsplit(path)
        token = parse_qs(parts.query).get("continue", ["0"])[0]
        self.asked.append(f"{parts.path} {token}")
        if parts.path in self.refused:
            return Answer(b'{"message": "no"}', self.refused[parts.path])
        number = int(token)
        items = [{"metadata": {"name": f"n{number}-{each}", "namespace": "a"}} for each in "xy"]
        following = str(number + 1) if number < 2 else ""
        page = {"metadata": {"continue": following}, "items": items}
        return Answer(json.dumps(page).encode())


def listing(api: Pages, namespace: str = "") -> Listing:
    return Listing(api, namespace)  # type: ignore[arg-type] # it answers as urllib3 does


def test_a_page_is_asked_for_when_those_before_it_were_looked_at() -> None:
    api = Pages()
    pods = listing(api).each(PODS)
    assert api.asked == []
    names = [next(pods)[0], next(pods)[0]]
    assert names == [("a", "n0-x"), ("a", "n0-y")]
    assert api.asked == ["/api/v1/pods 0"]
    next(pods)
    assert api.asked == ["/api/v1/pods 0", "/api/v1/pods 1"]
    assert len([*pods]) == 3


def test_an_inventory_has_asked_for_all_but_the_pods() -> None:
    api = Pages()
    inventory = take(listing(api))
    assert isinstance(inventory, Inventory)
    assert {each.split()[0] for each in api.asked} == {each.path for each in RESOURCES[:-1]}
    assert len(inventory.nodes) == 6
    assert len([*inventory.pods]) == 6


def test_what_is_in_a_namespace_is_asked_for_there() -> None:
    api = Pages()
    [*listing(api, "team").each(PODS)]
    [*listing(api, "team").each(NODES)]
    assert {each.split()[0] for each in api.asked} == {
        "/api/v1/namespaces/team/pods",
        "/api/v1/nodes",
    }


@pytest.mark.parametrize("status", [403, 404])
def test_what_may_not_be_read_is_not_known(status: int) -> None:
    inventory = take(listing(Pages({"/apis/apps/v1/daemonsets": status})))
    assert inventory.daemon_sets is None
    assert take(listing(Pages())).daemon_sets


def test_another_refusal_is_one() -> None:
    with pytest.raises(RefusedError, match=r"^GET /apis/apps/v1/daemonsets: no$"):
        take(listing(Pages({"/apis/apps/v1/daemonsets": 500})))
    with pytest.raises(RefusedError, match=r"^GET /api/v1/nodes: no$"):
        take(listing(Pages({"/api/v1/nodes": 403})))


class Broken:
    """Nobody answers."""

    def get(self, path: str) -> Answer:
        """Break off."""
        raise ProtocolError(path)


def test_nobody_there_is_one_line() -> None:
    found = Listing(Broken())  # type: ignore[arg-type] # it answers as urllib3 does
    with pytest.raises(OperatorError, match=r"^GET /x: no answer from the API server: /x\?a=1$"):
        found.get("/x?a=1")
