"""What the server can be told."""

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from webhook.core.errors import OperatorError
from webhook.process import settings
from webhook.process.settings import (
    Address,
    LogFormat,
    LogLevel,
    address,
    count,
    flag,
    log_format,
    log_level,
    metrics_bind,
    names,
    one_of,
    positive_seconds,
    seconds,
    setting,
)


class TlsVersion(StrEnum):
    """The least version of TLS that is spoken."""

    V1_2 = "1.2"
    V1_3 = "1.3"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that `gpuclass serve` can be told."""

    policies: Path | None = setting(
        None,
        Path,
        "DIR",
        "a folder of policies to decide by, read again when it changes; without it they are "
        "watched in the cluster that this is a pod of, or that --kubeconfig names",
    )
    kubeconfig: Path | None = setting(
        None, Path, "FILE", "how to reach the cluster, where this is no pod of it"
    )
    certs: Path | None = setting(
        None,
        Path,
        "DIR",
        "a folder with tls.crt and tls.key, read again when they change; without it the server "
        "makes a pair of its own",
    )
    client_ca: Path | None = setting(
        None,
        Path,
        "FILE",
        "CA certificates, read again when they change: who sends reviews has to show a "
        "certificate that one of them signed; without it anybody may",
    )
    client_names: tuple[str, ...] = setting(
        (),
        names,
        "NAME[,NAME]",
        "with --client-ca, the common names that are let in; without it every name is",
    )
    tls_min_version: TlsVersion = setting(
        TlsVersion.V1_3,
        one_of(TlsVersion),
        "VERSION",
        "the least version of TLS: 1.3, or 1.2 for an API server that has no more",
    )
    bind: Address = setting(
        Address(host="127.0.0.1", port=8443), address, "HOST:PORT", "where reviews are answered"
    )
    metrics_bind: Address = metrics_bind(8080)
    log_level: LogLevel = log_level()
    log_format: LogFormat = log_format()
    drain_seconds: float = setting(
        3.0, seconds, "SECONDS", "how long to go on serving after SIGTERM"
    )
    poll_seconds: float = setting(
        1.0, positive_seconds, "SECONDS", "how often to look for changed policies and certificates"
    )
    keep_alive_seconds: float = setting(
        120.0,
        positive_seconds,
        "SECONDS",
        "how long an idle connection stays open: above the API server's 90 seconds",
    )
    handshake_seconds: float = setting(
        5.0, positive_seconds, "SECONDS", "the deadline for a TLS handshake"
    )
    header_seconds: float = setting(
        5.0, positive_seconds, "SECONDS", "the deadline for the headers of a request"
    )
    body_seconds: float = setting(
        5.0, positive_seconds, "SECONDS", "the deadline for the body of a request"
    )
    answer_seconds: float = setting(
        5.0, positive_seconds, "SECONDS", "the deadline for a client to take its answer"
    )
    max_header_bytes: int = setting(
        32 * 1024, count, "BYTES", "the largest head of a request that is read"
    )
    max_body_bytes: int = setting(
        8 * 1024 * 1024, count, "BYTES", "the largest body of a request that is read"
    )
    max_connections: int = setting(
        1024, count, "NUMBER", "connections at a time, for each of the two addresses"
    )


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare a flag for each setting; `read` takes what was parsed."""
    settings.declare(Settings, parser)


def read(flags: Mapping[str, object], environment: Mapping[str, str]) -> Settings:
    """Read the settings; raise OperatorError that names the flag or variable that is wrong."""
    found = settings.read(Settings, flags, environment)
    if found.client_names and found.client_ca is None:
        raise OperatorError(
            f"{flag('client_names')}: names are looked at in certificates; say by "
            f"{flag('client_ca')} FILE whose"
        )
    return found
