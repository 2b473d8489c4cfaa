"""A check of `gpuclass verify`: what it is handed, what it gives, and how it reads objects."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from webhook.control.api import Api, Object
from webhook.core.policy.policy import Policy


class Verdict(StrEnum):
    """How a check ended."""

    OK = "ok"
    FAILED = "FAILED"
    ABSENT = "-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check: what was found, what of it is wrong in detail, and what to do."""

    name: str
    verdict: Verdict
    found: str
    details: tuple[str, ...] = ()
    next: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is checked: a cluster, its policy (None: none is sound), where gpuclass runs, now."""

    api: Api
    policy: Policy | None
    namespace: str
    now: datetime


Run: TypeAlias = Callable[[str, Subject], Check]
"""A check by its name; raises ApiFailed where the API server does not say."""


def place(found: Object) -> str:
    """Name an object with its namespace."""
    return f"{found['metadata']['namespace']}/{found['metadata']['name']}"


def items(api: Api, path: str) -> list[Object]:
    """Give what a list holds, nothing where there is no such list."""
    found: list[Object] = (api.get(path) or {}).get("items") or []
    return found


def holds(found: Object | None, condition: str) -> bool:
    """Tell whether a condition of an object is True."""
    conditions = ((found or {}).get("status") or {}).get("conditions") or ()
    return any(each["type"] == condition and each["status"] == "True" for each in conditions)


def judge(name: str, found: str, wrong: Iterable[str], then: str) -> Check:
    """Give a check that failed if something is wrong; `then` is what to do."""
    details = tuple(wrong)
    if not details:
        return Check(name=name, verdict=Verdict.OK, found=found)
    return Check(name=name, verdict=Verdict.FAILED, found=found, details=details, next=then)
