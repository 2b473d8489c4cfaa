"""A world for duties: the API server that remembers, a server that shows what it is told to."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from cryptography.x509 import Certificate

from tests.control.api import FakeApi
from webhook.control.certificates import is_issued_by
from webhook.control.configurations import Configurations
from webhook.control.events import Events
from webhook.control.metrics import Metrics
from webhook.control.probe import Answer, Probe
from webhook.control.secrets import Secrets
from webhook.control.world import World
from webhook.core.registration import Service
from webhook.process.settings import Address

SERVICE = Service()
NAMESPACE = f"/api/v1/namespaces/{SERVICE.namespace}"
SECRETS = f"{NAMESPACE}/secrets"
LEAF, AUTHORITY = f"{SECRETS}/gpuclass-tls", f"{SECRETS}/gpuclass-ca"
_CONFIGURATIONS = "/apis/admissionregistration.k8s.io/v1"
MUTATING = f"{_CONFIGURATIONS}/mutatingwebhookconfigurations/gpuclass"
VALIDATING = f"{_CONFIGURATIONS}/validatingwebhookconfigurations/gpuclass"

START = datetime(2027, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class Clock:
    """A clock that a test turns."""

    now: datetime = START

    def __call__(self) -> datetime:
        """Give the moment."""
        return self.now

    def seconds(self) -> float:
        """Give the moment in seconds since the epoch."""
        return self.now.timestamp()

    def turn(self, by: timedelta) -> None:
        """Let time pass."""
        self.now += by


class FakeProbe(Probe):
    """Shows `served`; silent while that is None."""

    def __init__(self) -> None:
        super().__init__(Address(host="gpuclass", port=443), SERVICE.hosts[0])
        self.served: Certificate | None = None

    def ask(self, bundle: Iterable[Certificate]) -> Answer:
        """Judge as a TLS client would."""
        if self.served is None:
            return Answer(fault="gpuclass:443: connection refused")
        if not any(is_issued_by(self.served, ca) for ca in bundle):
            return Answer(certificate=self.served, fault="gpuclass:443: not trusted")
        return Answer(certificate=self.served)


@dataclass(slots=True)
class Scene:
    """The world, and what of it a test turns and looks at."""

    api: FakeApi = field(default_factory=FakeApi)
    probe: FakeProbe = field(default_factory=FakeProbe)
    clock: Clock = field(default_factory=Clock)

    def world(self) -> World:
        """Give what duties take."""
        metrics = Metrics()
        return World(
            api=self.api,
            service=SERVICE,
            secrets=Secrets(self.api, SERVICE.namespace, SERVICE.hosts),
            configurations=Configurations(self.api),
            probe=self.probe,
            events=Events(self.api, metrics, "test", self.clock.seconds),
            metrics=metrics,
        )
