"""What the controller can be told."""

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from webhook.control.auditor import EVERY
from webhook.control.keeper import Certificates
from webhook.control.leader import Times
from webhook.control.rotation import LEAVES_IN_A_CA, SETTLES_IN_A_LEAF, Lives
from webhook.core import registration
from webhook.core.errors import OperatorError
from webhook.process import settings
from webhook.process.settings import (
    Address,
    LogFormat,
    LogLevel,
    address,
    duration,
    log_format,
    log_level,
    metrics_bind,
    one_of,
    positive_seconds,
    setting,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that `gpuclass controller` can be told."""

    kubeconfig: Path | None = setting(
        None, Path, "FILE", "how to reach the API server; without it: as the pod that this is"
    )
    namespace: str = setting(
        registration.NAMESPACE, str, "NAME", "where gpuclass runs: its Service, Secrets and Lease"
    )
    server: Address | None = setting(
        None, address, "HOST:PORT", "where the server is reached, if not by its Service's name"
    )
    service_port: int = setting(
        registration.SERVICE_PORT, settings.count, "PORT", "the Service's port for reviews"
    )
    metrics_bind: Address = metrics_bind(8081)
    log_level: LogLevel = log_level()
    log_format: LogFormat = log_format()
    lease_seconds: float = setting(
        15.0, positive_seconds, "SECONDS", "how long a leader that is silent keeps the others out"
    )
    renew_seconds: float = setting(
        10.0, positive_seconds, "SECONDS", "how long a leader acts on without a renewal"
    )
    retry_seconds: float = setting(
        2.0, positive_seconds, "SECONDS", "how often the lease is tried and renewed"
    )
    certificates: Certificates = setting(
        Certificates.MANAGED,
        one_of(Certificates),
        "WHO",
        "managed: made here, unless cert-manager made the Secret; external: never made here",
    )
    ca_life: timedelta = setting(
        Lives().ca, duration, "DURATION", "how long a CA is valid; renewed at two thirds"
    )
    leaf_life: timedelta = setting(
        Lives().leaf, duration, "DURATION", "how long a leaf is valid; renewed at two thirds"
    )
    settle: timedelta = setting(
        Lives().settle,
        duration,
        "DURATION",
        "from a new CA in every caBundle to the first leaf of it",
    )
    overlap: timedelta = setting(
        Lives().overlap,
        duration,
        "DURATION",
        "from the last sight of an old CA's leaf to the end of trust in that CA",
    )
    audit_every: timedelta = setting(
        EVERY, duration, "DURATION", "how often the leader holds the cluster against the policy"
    )

    @property
    def times(self) -> Times:
        """Give the times of the election."""
        return Times(lease=self.lease_seconds, renew=self.renew_seconds, retry=self.retry_seconds)

    @property
    def request_seconds(self) -> float:
        """Give a request's deadline: what a leader began last is over before its lease is."""
        return (self.lease_seconds - self.renew_seconds) * 0.8

    @property
    def lives(self) -> Lives:
        """Give the lives of certificates."""
        return Lives(ca=self.ca_life, leaf=self.leaf_life, settle=self.settle, overlap=self.overlap)


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare a flag for each setting; `read` takes what was parsed."""
    settings.declare(Settings, parser)


def read(flags: Mapping[str, object], environment: Mapping[str, str]) -> Settings:
    """Read the settings; raise OperatorError that names what is wrong."""
    found = settings.read(Settings, flags, environment)
    if not found.retry_seconds * 2 < found.renew_seconds < found.lease_seconds:
        raise OperatorError(
            "--lease-seconds, --renew-seconds, --retry-seconds: "
            f"{found.lease_seconds:g}, {found.renew_seconds:g}, {found.retry_seconds:g}: "
            "expected lease > renew > 2 x retry"
        )
    if found.settle * SETTLES_IN_A_LEAF > found.leaf_life:
        raise OperatorError(
            f"--settle {settings.written(found.settle)}: expected a sixth of --leaf-life "
            f"({settings.written(found.leaf_life)}) at most: a leaf has to last while a CA settles"
        )
    if found.leaf_life * LEAVES_IN_A_CA > found.ca_life:
        raise OperatorError(
            f"--leaf-life {settings.written(found.leaf_life)}: expected a third of --ca-life "
            f"({settings.written(found.ca_life)}) at most: a leaf never outlives its CA"
        )
    return found
