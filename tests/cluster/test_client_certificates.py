"""The API server proves to the server who it is, by the files of deploy/client-certificates."""

import http.client
import shutil
import ssl
from collections.abc import Iterator
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path

import pytest

from tests.cluster.api import ApiError
from tests.cluster.binaries import Binaries
from tests.cluster.components import Admission
from tests.cluster.controlplane import ControlPlane
from tests.cluster.load import Load
from tests.cluster.pki import LIFETIME, Authority, KeyPair
from tests.cluster.waiting import eventually
from tests.cluster.webhook import PROBE, Webhook
from webhook.core import registration
from webhook.serve.callers import NO_CERTIFICATE

pytestmark = pytest.mark.cluster

SAMPLES = Path(__file__).parents[2] / "deploy" / "client-certificates" / "control-plane"
NAME = "front-proxy-client"
REFUSED = 'gpuclass_connections_cut_total{listener="admission",reason="client"}'
RELOADS = "gpuclass_certificate_reloads_total"


class ControlPlaneFiles:
    """What the node of a control plane has: the samples, with other paths, and its certificates."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.authority = Authority(folder / "front-proxy-ca")
        self.pair = self.authority.client(folder / NAME, NAME)
        self.good = self.authority.client(folder / "good", NAME)
        for name in ("admission.yaml", "kubeconfig.yaml"):
            (folder / name).write_text(self._moved(SAMPLES / name), encoding="utf-8")

    def _moved(self, sample: Path) -> str:
        """Give a sample with the folders of this machine, and the Service's port of tests."""
        text = sample.read_text(encoding="utf-8")
        for folder in ("/etc/kubernetes/gpuclass", "/etc/kubernetes/pki"):
            text = text.replace(f"{folder}/", f"{self.folder}/")
        host = registration.Service().hosts[0]
        assert ("kubeconfig" not in sample.name) or f"name: {host}\n" in text
        return text.replace(f"name: {host}\n", f"name: {host}:{registration.SERVE_PORT}\n")

    def show(self, pair: KeyPair) -> None:
        """Have the API server show another pair, as `kubeadm certs renew` does."""
        for new, old in ((pair.key, self.pair.key), (pair.certificate, self.pair.certificate)):
            beside = old.with_suffix(".new")
            shutil.copy(new, beside)
            beside.replace(old)


class Guarded(Webhook):
    """`gpuclass serve` that lets in whom a file of CAs says, by one name."""

    def __init__(self, control_plane: ControlPlane, client_ca: Path) -> None:
        super().__init__(control_plane)
        self._client_ca = client_ca

    @property
    def ca(self) -> Path:
        """Give the CA of the server's own certificate."""
        return self._certs / "ca.crt"

    @property
    def address(self) -> str:
        """Give where it listens: the Service's address."""
        return self._address

    @property
    def refused(self) -> float:
        """Give how many clients it refused."""
        return self.metrics()[REFUSED]

    def _command(self, ports: list[int]) -> list[str]:
        flags = (f"--client-ca={self._client_ca}", f"--client-names={NAME}", "--poll-seconds=0.1")
        return [*super()._command(ports), *flags]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> ControlPlaneFiles:
    return ControlPlaneFiles(tmp_path_factory.mktemp("kubernetes"))


@pytest.fixture(scope="module")
def plane(binaries: Binaries, files: ControlPlaneFiles) -> Iterator[ControlPlane]:
    flag = f"--admission-control-config-file={files.folder / 'admission.yaml'}"
    with ControlPlane(binaries, admission=Admission(flags=(flag,))) as running:
        yield running


@pytest.fixture(scope="module")
def bundle(files: ControlPlaneFiles) -> Path:
    path = files.folder / "client-ca.crt"
    path.write_bytes(files.authority.certificate.read_bytes())
    return path


@pytest.fixture(scope="module")
def webhook(plane: ControlPlane, bundle: Path) -> Iterator[Guarded]:
    with Guarded(plane, bundle) as running:
        yield running


def refusal(plane: ControlPlane) -> str:
    """Give why a GPU pod is refused."""
    try:
        plane.api.request("POST", "/api/v1/namespaces/default/pods?dryRun=All", PROBE)
    except ApiError as error:
        return str(error)
    return ""


def test_the_api_server_is_let_in(plane: ControlPlane, webhook: Guarded) -> None:
    with Load(plane.api) as load:
        pass
    assert (load.wrong, webhook.refused) == ([], 0)


@pytest.mark.parametrize("shows", ["nothing", "another name", "an expired one", "another CA's"])
def test_anything_else_in_the_network_is_refused_and_counted(
    webhook: Guarded, files: ControlPlaneFiles, tmp_path: Path, shows: str
) -> None:
    own, other = files.authority, Authority(tmp_path / "other")
    pairs = {
        "another name": own.client(tmp_path / "a", "system:node:worker-1", ("system:nodes",)),
        "an expired one": own.client(tmp_path / "b", NAME, lifetime=-timedelta(minutes=1)),
        "another CA's": other.client(tmp_path / "c", NAME),
    }
    before = webhook.refused
    assert ask(webhook, pairs.get(shows)) != HTTPStatus.OK
    eventually(lambda: webhook.refused == before + 1, "it to be counted")


def ask(webhook: Guarded, pair: KeyPair | None) -> int:
    """Send a review as something in the cluster would; give the status, 0: no answer."""
    context = ssl.create_default_context(cafile=str(webhook.ca))
    context.check_hostname = False
    if pair:
        context.load_cert_chain(pair.certificate, pair.key)
    host, port = webhook.address, registration.SERVE_PORT
    connection = http.client.HTTPSConnection(host, port, timeout=60, context=context)
    try:
        connection.request("POST", "/mutate", b"{}", {"Content-Type": "application/json"})
        return connection.getresponse().status
    except OSError:
        return 0
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("name", "lifetime", "reason"),
    [
        pytest.param(
            "somebody",
            LIFETIME,
            f"the client certificate is of somebody; let in: {NAME}",
            id="another name",
        ),
        pytest.param(NAME, -timedelta(minutes=1), "certificate has expired", id="expired"),
    ],
)
def test_an_api_server_with_a_wrong_certificate_is_refused_and_the_log_says_why(
    plane: ControlPlane,
    webhook: Guarded,
    files: ControlPlaneFiles,
    tmp_path: Path,
    name: str,
    lifetime: timedelta,
    reason: str,
) -> None:
    def answer() -> str:
        # Files are looked at in a handshake, and not twice in a second.
        webhook.restart()
        return refusal(plane)

    files.show(files.authority.client(tmp_path / "wrong", name, lifetime=lifetime))
    eventually(lambda: answer() and webhook.refused, "the API server to be refused")
    line = f'"message":"client refused","reason":"{reason}"'
    eventually(lambda: line in webhook.log(), "the line that says why")
    if lifetime == LIFETIME:
        assert f"failed to call webhook: {reason}" in refusal(plane)
    files.show(files.good)
    eventually(lambda: not answer(), "the API server to be let in again")


def test_client_ca_and_certificate_are_rotated_and_no_pod_is_lost(
    plane: ControlPlane, webhook: Guarded, files: ControlPlaneFiles, bundle: Path, tmp_path: Path
) -> None:
    """Both CAs, then the API server's certificate, then the new CA alone."""
    new = Authority(tmp_path / "new-ca")
    with Load(plane.api) as first:
        trust(webhook, bundle, files.authority, new)
    files.good = new.client(tmp_path / "renewed", NAME)
    files.show(files.good)
    plane.restart_apiserver()
    with Load(plane.api) as second:
        trust(webhook, bundle, new)
    webhook.restart()
    with Load(plane.api) as third:
        pass
    assert [*first.wrong, *second.wrong, *third.wrong] == []
    assert webhook.refused == 0


def trust(webhook: Guarded, bundle: Path, *authorities: Authority) -> None:
    """Replace the file of client CAs, and wait until it is in use."""
    reloads = webhook.metrics()[RELOADS]
    bundle.write_bytes(b"".join(each.certificate.read_bytes() for each in authorities))
    eventually(lambda: webhook.metrics()[RELOADS] > reloads, "the CAs to be in use")


def test_an_api_server_that_shows_none_says_what_to_do(
    plane: ControlPlane, webhook: Guarded, files: ControlPlaneFiles
) -> None:
    (files.folder / "kubeconfig.yaml").write_text("apiVersion: v1\nkind: Config\n")
    plane.restart_apiserver()
    assert f"failed to call webhook: {NO_CERTIFICATE}" in refusal(plane)
    assert webhook.refused >= 1
