"""Each program of the control plane: its command line, and how one sees that it is ready."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Network
from pathlib import Path

from tests.cluster import audit
from tests.cluster.api import Api
from tests.cluster.binaries import Binaries
from tests.cluster.pki import Authority, KeyPair, service_account_keys
from tests.cluster.supervisor import Launch

LOOPBACK = "127.0.0.1"
ISSUER = "https://kubernetes.default.svc"
ADMIN = "admin"
ADMIN_GROUPS = ("system:masters",)

APISERVER = "kube-apiserver"
CONTROLLER_MANAGER = "kube-controller-manager"
SCHEDULER = "kube-scheduler"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """Who proves what to whom: one CA signs everything."""

    authority: Authority
    admin: KeyPair
    server: KeyPair
    service_account: KeyPair

    def admin_api(self, port: int) -> Api:
        """Give the administrator's access to whatever serves on a port."""
        return Api(port, self.authority.certificate, self.admin)


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """What a caller adds to the API server: plug-ins, and flags such as `--runtime-config=...`.

    A flag that is given twice counts the last time, so `flags` may also replace ours. `gates` are
    feature gates (`Name=true`), which the scheduler gets too.
    """

    plugins: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    gates: tuple[str, ...] = ()

    @property
    def gate_flags(self) -> tuple[str, ...]:
        """The flag for the feature gates, if there are any."""
        return (f"--feature-gates={','.join(self.gates)}",) if self.gates else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What all programs of one control plane share."""

    folder: Path
    binaries: Binaries
    credentials: Credentials
    services: IPv4Network
    admission: Admission

    @property
    def audit_log(self) -> Path:
        """Where the API server writes what it was asked."""
        return self.folder / "audit.log"


def make_credentials(folder: Path, services: IPv4Network) -> Credentials:
    """Make the CA, the servers' certificate and the service account keys."""
    authority = Authority(folder / "ca")
    names = [LOOPBACK, "localhost", str(services[1])]
    names += ["kubernetes", "kubernetes.default", "kubernetes.default.svc"]
    return Credentials(
        authority=authority,
        admin=authority.client(folder / "admin", ADMIN, ADMIN_GROUPS),
        server=authority.server(folder / "server", names),
        service_account=service_account_keys(folder),
    )


def etcd(site: Site) -> Launch:
    """Describe etcd; without fsync, as the data is thrown away.

    With TLS, so that the etcd of another control plane is never taken for this one.
    """
    credentials = site.credentials

    def command(ports: list[int]) -> list[str]:
        client, peer = f"https://{LOOPBACK}:{ports[0]}", f"http://{LOOPBACK}:{ports[1]}"
        return [
            str(site.binaries.etcd),
            f"--data-dir={site.folder / 'etcd'}",
            f"--listen-client-urls={client}",
            f"--advertise-client-urls={client}",
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=default={peer}",
            "--client-cert-auth",
            f"--trusted-ca-file={credentials.authority.certificate}",
            f"--cert-file={credentials.server.certificate}",
            f"--key-file={credentials.server.key}",
            # It would present the server's certificate as a client's.
            "--enable-grpc-gateway=false",
            "--unsafe-no-fsync",
            "--log-level=warn",
        ]

    return Launch(name="etcd", ports=2, command=command, is_ready=_answers(site, "/readyz"))


def _answers(site: Site, path: str) -> Callable[[int], bool]:
    """Ask a health endpoint of whatever serves on a port with our CA's certificate."""
    return lambda port: site.credentials.admin_api(port).is_ready(path)


def apiserver(site: Site, etcd_port: int) -> Launch:
    """Describe kube-apiserver."""
    policy = site.folder / "audit-policy.json"
    policy.write_text(json.dumps(audit.POLICY), encoding="utf-8")
    added = (*site.admission.flags, *site.admission.gate_flags)
    flags = [*_apiserver_flags(site), *_identity_flags(site.credentials), *added]

    def command(ports: list[int]) -> list[str]:
        return [
            str(site.binaries.kube_apiserver),
            f"--etcd-servers=https://{LOOPBACK}:{etcd_port}",
            f"--secure-port={ports[0]}",
            f"--audit-policy-file={policy}",
            *flags,
        ]

    return Launch(
        name=APISERVER,
        ports=1,
        command=command,
        is_ready=_answers(site, "/readyz"),
    )


def _apiserver_flags(site: Site) -> list[str]:
    """Give how it serves, admits and keeps records."""
    return [
        f"--bind-address={LOOPBACK}",
        f"--advertise-address={LOOPBACK}",
        # An endpoint on a loopback address is refused, and nothing here reads it.
        "--endpoint-reconciler-type=none",
        "--authorization-mode=Node,RBAC",
        f"--enable-admission-plugins={','.join(('NodeRestriction', *site.admission.plugins))}",
        # It taints every new node as not ready; the node lifecycle controller, which would take
        # that away again, can not run without kubelets.
        "--disable-admission-plugins=TaintNodesByCondition",
        "--allow-privileged=true",
        f"--service-cluster-ip-range={site.services}",
        f"--audit-log-path={site.audit_log}",
        "--audit-log-mode=blocking",
        "--audit-log-maxsize=4096",
    ]


def _identity_flags(credentials: Credentials) -> list[str]:
    """Give by what it is known, and by what it knows others."""
    return [
        f"--etcd-cafile={credentials.authority.certificate}",
        f"--etcd-certfile={credentials.admin.certificate}",
        f"--etcd-keyfile={credentials.admin.key}",
        f"--client-ca-file={credentials.authority.certificate}",
        # Nobody has that name; without the two, the others complain about it every few seconds.
        f"--requestheader-client-ca-file={credentials.authority.certificate}",
        "--requestheader-allowed-names=front-proxy-client",
        f"--tls-cert-file={credentials.server.certificate}",
        f"--tls-private-key-file={credentials.server.key}",
        f"--service-account-issuer={ISSUER}",
        f"--service-account-key-file={credentials.service_account.certificate}",
        f"--service-account-signing-key-file={credentials.service_account.key}",
    ]


def controller_manager(site: Site, kubeconfig: Path) -> Launch:
    """Describe kube-controller-manager."""
    flags = [
        # Simulated nodes renew no leases: this controller would call them lost.
        "--controllers=*,-node-lifecycle-controller",
        "--use-service-account-credentials=true",
        # It starts by making forty service accounts; at its usual pace that takes six seconds.
        "--kube-api-qps=500",
        "--kube-api-burst=500",
        f"--service-account-private-key-file={site.credentials.service_account.key}",
        f"--root-ca-file={site.credentials.authority.certificate}",
    ]
    binary = site.binaries.kube_controller_manager
    return _client(site, CONTROLLER_MANAGER, [str(binary), *flags], kubeconfig)


def scheduler(site: Site, kubeconfig: Path) -> Launch:
    """Describe kube-scheduler."""
    command = [str(site.binaries.kube_scheduler), *site.admission.gate_flags]
    return _client(site, SCHEDULER, command, kubeconfig)


def _client(site: Site, name: str, command: list[str], kubeconfig: Path) -> Launch:
    """Describe a program that has its work from the API server."""
    server = site.credentials.server
    common = [
        *command,
        f"--kubeconfig={kubeconfig}",
        f"--authentication-kubeconfig={kubeconfig}",
        f"--authorization-kubeconfig={kubeconfig}",
        f"--bind-address={LOOPBACK}",
        f"--tls-cert-file={server.certificate}",
        f"--tls-private-key-file={server.key}",
        "--leader-elect=false",
    ]
    return Launch(
        name=name,
        ports=1,
        command=lambda ports: [*common, f"--secure-port={ports[0]}"],
        is_ready=_answers(site, "/healthz"),
    )
