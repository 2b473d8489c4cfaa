"""What is watched, and what a watch goes through."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import msgspec

from webhook.watch.failure import Reason

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource(Generic[T]):
    """What to watch, and what to keep of an object's JSON.

    `name` is the resource's in RBAC and in metrics. `read` raises msgspec.DecodeError for what no
    API server has. An optional resource holds nothing up where the API server does not serve it.
    `linger` are the seconds that a deleted object may take to come back.
    `field_selector` (`metadata.name=gpuclass`) leaves out the rest; rights on one name need it.
    `is_namespaced`: its objects may be asked for in one namespace.
    `older` are its paths in earlier versions of the API, the newest first, for an API server that
    does not serve `path`; `read` knows their objects too.
    """

    name: str
    path: str
    read: Callable[[msgspec.Raw], T]
    is_optional: bool = False
    linger: float = 0.0
    field_selector: str = ""
    is_namespaced: bool = False
    older: tuple[str, ...] = ()

    @property
    def paths(self) -> tuple[str, ...]:
        """Every path that it may have, the best first."""
        return (self.path, *self.older)


@dataclass(slots=True, kw_only=True)
class Figures:
    """What a watch went through so far; `heard` is by the monotonic clock, None: never."""

    heard: float | None = None
    lists: int = 0
    watches: int = 0
    failures: dict[Reason, int] = field(default_factory=lambda: dict.fromkeys(Reason, 0))
