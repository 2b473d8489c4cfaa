"""What a program can be told: one frozen value, read once from flags and the environment.

Each field of the value is a flag (`--drain-seconds`) and a variable (`GPUCLASS_DRAIN_SECONDS`); the
flag wins. What the fields are is the business of each program.
"""

import argparse
import re
from collections.abc import Callable, Mapping
from dataclasses import Field, dataclass, field, fields
from datetime import timedelta
from enum import StrEnum
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


def duration(text: str) -> timedelta:
    """Read a number with a unit: `90s`, `15m`, `12h` or `365d`."""
    units = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
    number, unit = text[:-1], units.get(text[-1:])
    if unit is None or not (number.isascii() and number.isdecimal()):
        raise ValueError("expected a number and a unit, such as 90s, 15m, 12h or 365d")
    if not 0 < int(number) <= 100_000:  # noqa: PLR2004 # 273 years, in days
        raise ValueError("expected 1..100000 of its unit")
    return timedelta(**{unit: int(number)})


def written(value: object) -> str:
    """Give a setting as its text; a duration in the largest unit that is whole."""
    if not isinstance(value, timedelta):
        return "none" if value in {None, ()} else str(value)
    whole = int(value.total_seconds())
    sizes = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
    unit = next(unit for unit, size in sizes.items() if not whole % size)
    return f"{whole // sizes[unit]}{unit}"


def count(text: str) -> int:
    """Read a whole number above zero."""
    value = _number(int, text, "expected a whole number")
    if value < 1:
        raise ValueError("expected 1 or more")
    return value


def names(text: str) -> tuple[str, ...]:
    """Read one name or more, with commas between them."""
    found = tuple(each.strip() for each in text.split(","))
    if not all(found):
        raise ValueError("expected names with commas between them, such as a,b")
    return found


def _number(kind: Callable[[str], T], text: str, expected: str) -> T:
    try:
        return kind(text)
    except ValueError:
        raise ValueError(expected) from None


def one_of(kind: type[StrEnum]) -> Callable[[str], StrEnum]:
    """Read a value of an enumeration, in whatever case it is written."""

    def read(text: str) -> StrEnum:
        try:
            return kind(text.lower())
        except ValueError:
            raise ValueError(f"expected one of {', '.join(kind)}") from None

    return read


def setting(default: T, read: Callable[[str], object], metavar: str, text: str) -> T:
    """Declare a setting: its default, how its text is read, and what --help says."""
    found: T = field(default=default, metadata={"read": read, "metavar": metavar, "help": text})
    return found


def metrics_bind(port: int) -> Address:
    """Declare where a program answers on its plain HTTP port, which is `port` unless it is told."""
    text = "where /livez, /readyz and /metrics are answered, without TLS"
    return setting(Address(host="127.0.0.1", port=port), address, "HOST:PORT", text)


def log_level() -> LogLevel:
    """Declare what a program logs."""
    text = "the least level logged: " + ", ".join(LogLevel)
    return setting(LogLevel.INFO, one_of(LogLevel), "LEVEL", text)


def log_format() -> LogFormat:
    """Declare how a program logs."""
    return setting(LogFormat.JSON, one_of(LogFormat), "FORMAT", "json, or text for a terminal")


def variable(name: str) -> str:
    """Give the variable of the environment that sets field `name`."""
    return PREFIX + name.upper()


def flag(name: str) -> str:
    """Give the flag that sets field `name`."""
    return "--" + name.replace("_", "-")


def declare(kind: type[object], parser: argparse.ArgumentParser) -> None:
    """Declare a flag for each setting; `read` takes what was parsed."""
    for each in _fields(kind):
        default = f"default: {written(each.default)}; {variable(each.name)}"
        text = f"{each.metadata['help']} ({default})"
        parser.add_argument(flag(each.name), metavar=each.metadata["metavar"], help=text)


def read(kind: type[T], flags: Mapping[str, object], environment: Mapping[str, str]) -> T:
    """Read the settings; raise OperatorError that names the flag or variable that is wrong."""
    _refuse_unknown(kind, environment)
    values: dict[str, Any] = {}
    for each in _fields(kind):
        for origin, text in (
            (flag(each.name), flags.get(each.name)),
            (variable(each.name), environment.get(variable(each.name))),
        ):
            if isinstance(text, str):
                values[each.name] = _read_one(origin, text, each.metadata["read"])
                break
    return kind(**values)


def _fields(kind: type[object]) -> tuple[Field[object], ...]:
    """Give the fields of a dataclass whose fields are all made by `setting`."""
    return fields(kind)  # type: ignore[arg-type] # there is no name for the type of a dataclass


def _read_one(origin: str, text: str, read_text: Callable[[str], object]) -> object:
    if not text:
        raise OperatorError(f"{origin}: is empty")
    try:
        return read_text(text)
    except ValueError as error:
        raise OperatorError(f"{origin} {text}: {error}") from error


def _refuse_unknown(kind: type[object], environment: Mapping[str, str]) -> None:
    known = [variable(each.name) for each in _fields(kind)]
    for name in sorted(environment):
        if name.startswith(PREFIX) and name not in known and not _SERVICE_LINK.fullmatch(name):
            raise OperatorError(f"{name}: no such setting; {suggest_all(name, known)}")
