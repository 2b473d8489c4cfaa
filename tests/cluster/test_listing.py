"""How the real API server gives long lists: what `watch.listing` goes by."""

import pytest

from tests.cluster.controlplane import ControlPlane
from webhook.core.node_filter import Candidate
from webhook.watch import wire
from webhook.watch.census import NODES
from webhook.watch.connection import connect
from webhook.watch.listing import Listing

pytestmark = pytest.mark.cluster


def test_a_limit_holds_for_the_newest_version_alone(
    control_plane: ControlPlane, nodes: tuple[str, ...]
) -> None:
    """`resourceVersion=0` gives everything at once, whatever the limit: docs/adr/0021."""
    for query, count in (("limit=2", 2), ("limit=2&resourceVersion=0", len(nodes))):
        page = control_plane.api.request("GET", f"/api/v1/nodes?{query}")
        assert (len(page["items"]) >= count, "continue" in page["metadata"]) == (True, count == 2)


def test_pages_make_the_whole(
    control_plane: ControlPlane, nodes: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "PAGE_SIZE", 2)
    listing = Listing(connect(control_plane.kubeconfig))
    found = dict(listing.each(NODES))
    assert {("", name) for name in nodes} <= found.keys()
    assert all(isinstance(each, Candidate) for each in found.values())
