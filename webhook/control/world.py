"""What every duty looks at and writes to."""

from dataclasses import dataclass

from webhook.control.api import Api
from webhook.control.configurations import Configurations
from webhook.control.events import Events
from webhook.control.metrics import Metrics
from webhook.control.probe import Probe
from webhook.control.secrets import Secrets
from webhook.core.registration import Service


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """The API server, the server behind its Service, and who is told what was done."""

    api: Api
    service: Service
    secrets: Secrets
    configurations: Configurations
    probe: Probe
    events: Events
    metrics: Metrics
