"""What the server can be told: one frozen value, read once from flags and the environment.

Each field is a flag (`--drain-seconds`) and a variable (`GPUCLASS_DRAIN_SECONDS`); the flag wins.
"""

import argparse
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from webhook.core.errors import OperatorError
from webhook.core.policy.nearest import suggest_all

T = TypeVar("T")

PREFIX = "GPUCLASS_"
MAX_PORT = 65535

_SERVICE_LINK = re.compile(
    r"GPUCLASS_(\w+_)?(SERVICE_(HOST|PORT(_\w+)?)|PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)"
)
"""What a kubelet sets for Services named `gpuclass` or `gpuclass-...`: no setting of ours."""


class LogFormat(StrEnum):
    """How a line of the log looks."""

    JSON = "json"
    TEXT = "text"


class LogLevel(StrEnum):
    """The least level that is logged."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A host (a name or an IP address without brackets) and a TCP port; port 0 is any free one."""

    host: str
    port: int

    def __str__(self) -> str:
        """Give `127.0.0.1:8443` or `[::1]:8443`."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def address(text: str) -> Address:
    """Read HOST:PORT; `[::1]:8443` for IPv6, `:8443` for every IPv4 address."""
    host, colon, port = text.rpartition(":")
    if not colon or not (port.isascii() and port.isdecimal()):
        raise ValueError("expected HOST:PORT, such as 0.0.0.0:8443 or [::]:8443")
    if int(port) > MAX_PORT:
        raise ValueError(f"port {port} is not in 0..{MAX_PORT}")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        raise ValueError(f"an IPv6 address is written in brackets: [{host}]:{port}")
    return Address(host=host or "0.0.0.0", port=int(port))  # noqa: S104 # what `:8443` says


def seconds(text: str) -> float:
    """Read a number of seconds, zero or more."""
    value = _number(float, text, "expected seconds, such as 3 or 0.5")
    if not 0 <= value <= 3600:  # noqa: PLR2004 # an hour
        raise ValueError("expected 0..3600 seconds")
    return value


def positive_seconds(text: str) -> float:
    """Read a number of seconds above zero: a deadline of zero would answer nobody."""
    value = seconds(text)
    if not value:
        raise ValueError("expected more than 0 seconds")
    return value


def count(text: str) -> int:
    """Read a whole number above zero."""
    value = _number(int, text, "expected a whole number")
    if value < 1:
        raise ValueError("expected 1 or more")
    return value


def _number(kind: Callable[[str], T], text: str, expected: str) -> T:
    try:
        return kind(text)
    except ValueError:
        raise ValueError(expected) from None


def _one_of(kind: type[StrEnum]) -> Callable[[str], StrEnum]:
    def read(text: str) -> StrEnum:
        try:
            return kind(text.lower())
        except ValueError:
            raise ValueError(f"expected one of {', '.join(kind)}") from None

    return read


def _setting(default: T, read: Callable[[str], object], metavar: str, text: str) -> T:
    """Declare a setting: its default, how its text is read, and what --help says."""
    found: T = field(default=default, metadata={"read": read, "metavar": metavar, "help": text})
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that `gpuclass serve` can be told."""

    policies: Path = _setting(Path("policies"), Path, "DIR", "the folder of policies to decide by")
    certs: Path | None = _setting(
        None,
        Path,
        "DIR",
        "a folder with tls.crt and tls.key, read again when they change; without it the server "
        "makes a pair of its own",
    )
    bind: Address = _setting(
        Address(host="127.0.0.1", port=8443), address, "HOST:PORT", "where reviews are answered"
    )
    metrics_bind: Address = _setting(
        Address(host="127.0.0.1", port=8080),
        address,
        "HOST:PORT",
        "where /livez, /readyz and /metrics are answered, without TLS",
    )
    log_level: LogLevel = _setting(
        LogLevel.INFO, _one_of(LogLevel), "LEVEL", "the least level logged: " + ", ".join(LogLevel)
    )
    log_format: LogFormat = _setting(
        LogFormat.JSON, _one_of(LogFormat), "FORMAT", "json, or text for a terminal"
    )
    drain_seconds: float = _setting(
        3.0, seconds, "SECONDS", "how long to go on serving after SIGTERM"
    )
    poll_seconds: float = _setting(
        1.0, positive_seconds, "SECONDS", "how often to look for changed policies and certificates"
    )
    keep_alive_seconds: float = _setting(
        120.0,
        positive_seconds,
        "SECONDS",
        "how long an idle connection stays open: above the API server's 90 seconds",
    )
    handshake_seconds: float = _setting(
        5.0, positive_seconds, "SECONDS", "the deadline for a TLS handshake"
    )
    header_seconds: float = _setting(
        5.0, positive_seconds, "SECONDS", "the deadline for the headers of a request"
    )
    body_seconds: float = _setting(
        5.0, positive_seconds, "SECONDS", "the deadline for the body of a request"
    )
    answer_seconds: float = _setting(
        5.0, positive_seconds, "SECONDS", "the deadline for a client to take its answer"
    )
    max_header_bytes: int = _setting(
        32 * 1024, count, "BYTES", "the largest head of a request that is read"
    )
    max_body_bytes: int = _setting(
        8 * 1024 * 1024, count, "BYTES", "the largest body of a request that is read"
    )
    max_connections: int = _setting(
        1024, count, "NUMBER", "connections at a time, for each of the two addresses"
    )


def variable(name: str) -> str:
    """Give the variable of the environment that sets field `name`."""
    return PREFIX + name.upper()


def flag(name: str) -> str:
    """Give the flag that sets field `name`."""
    return "--" + name.replace("_", "-")


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare a flag for each setting; `read` takes what was parsed."""
    for each in fields(Settings):
        default = "none" if each.default is None else each.default
        parser.add_argument(
            flag(each.name),
            metavar=each.metadata["metavar"],
            help=f"{each.metadata['help']} (default: {default}; {variable(each.name)})",
        )


def read(flags: Mapping[str, object], environment: Mapping[str, str]) -> Settings:
    """Read the settings; raise OperatorError that names the flag or variable that is wrong."""
    _refuse_unknown(environment)
    values: dict[str, Any] = {}
    for each in fields(Settings):
        for origin, text in (
            (flag(each.name), flags.get(each.name)),
            (variable(each.name), environment.get(variable(each.name))),
        ):
            if isinstance(text, str):
                values[each.name] = _read_one(origin, text, each.metadata["read"])
                break
    return Settings(**values)


def _read_one(origin: str, text: str, read_text: Callable[[str], object]) -> object:
    if not text:
        raise OperatorError(f"{origin}: is empty")
    try:
        return read_text(text)
    except ValueError as error:
        raise OperatorError(f"{origin} {text}: {error}") from error


def _refuse_unknown(environment: Mapping[str, str]) -> None:
    known = [variable(each.name) for each in fields(Settings)]
    for name in sorted(environment):
        if name.startswith(PREFIX) and name not in known and not _SERVICE_LINK.fullmatch(name):
            raise OperatorError(f"{name}: no such setting; {suggest_all(name, known)}")
