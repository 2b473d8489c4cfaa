"""What a kubelet answers `kubectl logs` with: the log of a process, for pods that it stands for.

The API server asks the kubelet of a pod's node, at the address and the port that the node names.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.cluster.answering import answering
from tests.cluster.api import STRATEGIC_MERGE_PATCH, Api, Json
from tests.cluster.components import LOOPBACK
from tests.cluster.pki import Authority
from tests.cluster.simulation import NODES


@contextmanager
def logged(api: Api, nodes: Iterable[str], log: Callable[[], str], folder: Path) -> Iterator[None]:
    """Have every container on these nodes log the same; `folder` is for a certificate."""
    pair = Authority(folder / "ca").server(folder / "kubelet", [LOOPBACK])
    with answering(lambda *_: log().encode(), pair, content_type="text/plain") as port:
        status: Json = {
            "addresses": [{"type": "InternalIP", "address": LOOPBACK}],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": port}},
        }
        for node in nodes:
            path = f"{NODES}/{node}/status"
            api.request("PATCH", path, {"status": status}, STRATEGIC_MERGE_PATCH)
        yield
