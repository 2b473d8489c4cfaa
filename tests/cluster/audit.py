"""The API server's audit log: what is written to it, and how to read back what webhooks did."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.cluster.api import Json

MUTATION = "mutation.webhook.admission.k8s.io/"
PATCH = "patch.webhook.admission.k8s.io/"

POLICY: Json = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "omitManagedFields": True,
    "rules": [
        {"level": "None", "verbs": ["get", "list", "watch"]},
        {
            "level": "None",
            "resources": [
                {"group": "", "resources": ["events", "secrets", "serviceaccounts/token"]},
                {"group": "events.k8s.io"},
                {"group": "coordination.k8s.io"},
                {"group": "authentication.k8s.io"},
                {"group": "authorization.k8s.io"},
            ],
        },
        # Pods with their subresources and every kind of workload, custom ones too: the patches of
        # webhooks are written from level Request on.
        {"level": "Request"},
    ],
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutation:
    """One call of a mutating webhook, and the operations of the patch that it answered with.

    `round` is 1 where reinvocationPolicy IfNeeded led to a second call.
    """

    round: int
    index: int
    configuration: str
    webhook: str
    mutated: bool
    patch: tuple[Any, ...]


def read(path: Path) -> list[Json]:
    """Give all events so far; one that is being written is left for the next time."""
    if not path.exists():
        return []
    lines = path.read_text(encoding="utf-8").split("\n")
    return [json.loads(line) for line in lines[:-1]]


def of(
    events: Iterable[Json], resource: str, namespace: str, verb: str, subresource: str = ""
) -> list[Json]:
    """Give the events of one resource (such as `pods`) in one namespace."""
    wanted = (resource, subresource, namespace, verb)
    return [event for event in events if _key(event) == wanted]


def _key(event: Json) -> tuple[str, str, str, str]:
    """Give what an event is found by."""
    reference = event.get("objectRef", {})
    parts = (reference.get(name, "") for name in ("resource", "subresource", "namespace"))
    resource, subresource, namespace = parts
    return resource, subresource, namespace, event["verb"]


def mutations(event: Json) -> list[Mutation]:
    """Give each call of a mutating webhook that the request led to, in order."""
    annotations: dict[str, str] = event.get("annotations", {})
    found = []
    for key, value in annotations.items():
        if key.startswith(MUTATION):
            place = key.removeprefix(MUTATION)
            call, patch = json.loads(value), json.loads(annotations.get(PATCH + place, "{}"))
            found.append(_mutation(place, call, patch))
    return sorted(found, key=lambda call: (call.round, call.index))


def _mutation(place: str, call: Json, patch: Json) -> Mutation:
    """Read one pair of annotations; `place` is such as `round_0_index_1`."""
    _, number, _, index = place.split("_")
    return Mutation(
        round=int(number),
        index=int(index),
        configuration=call["configuration"],
        webhook=call["webhook"],
        mutated=call["mutated"],
        patch=tuple(patch.get("patch", ())),
    )
