"""Whatever is sent, /metrics shows the series of the tables, with values that they bound."""

from collections.abc import Callable
from typing import Any

from tests.exposition import bounds, strays
from tests.serve import reviews
from tests.serve.server import JSON, Server, response, review, wait_until_closed
from webhook.serve import measures

HOSTILE = 'a"} 1\nevil{x="'
"""A name that would be a series of its own, were it written as it is."""

ASKED: tuple[dict[str, Any], ...] = (
    {},
    {"dryRun": True},
    {"gpu_class": HOSTILE},
    {"gpu_class": "nobody-has-it", "namespace": HOSTILE},
    {"operation": "UPDATE", "oldObject": {"metadata": {"name": "x"}, "spec": {"containers": []}}},
    {"operation": "DELETE", "object": None},
    {"operation": HOSTILE},
    {"name": HOSTILE, "userInfo": {"username": HOSTILE, "groups": [HOSTILE]}},
    {"kind": {"group": HOSTILE, "version": "v1", "kind": HOSTILE}},
    {"object": {"metadata": {"name": HOSTILE}, "spec": {"containers": [], "nodeName": "gpu-1"}}},
    {
        "kind": {"group": "apps", "version": "v1", "kind": "Deployment"},
        "object": {
            "metadata": {"name": "x", "annotations": {"gpu-class": "training"}},
            "spec": {"template": {"metadata": {}, "spec": {"containers": []}}},
        },
    },
    {
        "kind": {"group": "gpuclass.io", "version": "v1alpha1", "kind": "GPUClass"},
        "object": {"metadata": {"name": HOSTILE}, "spec": {"pools": []}},
    },
)


def exercise(server: Server) -> None:
    """Have everything counted that a client can have counted."""
    for path in ("/mutate", "/validate"):
        for each in ASKED:
            server.post(path, review(**each))
        server.post(path, b"{")
        server.post(path, review(), {"Content-Type": "text/plain"})
        server.post(f"{path}?timeout=1ns", review())
        server.post(path, review(), {**JSON, "Content-Length": "999999999"})
    with server.raw() as sock:
        sock.sendall(b"GET / HTTP/1.1\r\n\r\n")
        wait_until_closed(sock)
    with server.tls() as sock:
        sock.sendall(b"\x00\x01\x02\r\n\r\n")
        wait_until_closed(sock)


def test_no_series_and_no_value_is_out_of_the_table(own_server: Callable[..., Server]) -> None:
    server = own_server()
    exercise(server)
    found = strays(server.probe("/metrics")[1], measures.ROWS, bounds(reviews.policy()))
    assert found == []


def test_what_was_sent_was_counted(server: Server) -> None:
    named = 'stage="mutate",verdict="inject"'
    label = f'{{class="training",dry_run="false",operation="CREATE",{named}}}'
    assert response(server.post("/mutate", review()))["allowed"]
    assert server.metric(f"gpuclass_decisions_total{label}") >= 1
