"""Objects spoilt somewhere: an answer or a RequestError comes of them, never anything else."""

import contextlib
from typing import Any, TypeAlias

from hypothesis import given
from hypothesis import strategies as st

from tests.core.given import mutate, request, shipped, validate
from tests.property.strategies import json_values, pods, scalars
from webhook.core.decision import Decision
from webhook.core.errors import RequestError
from webhook.core.patch import apply

Json: TypeAlias = dict[str, Any]

KINDS = ("Pod", "Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob")


@st.composite
def objects(draw: st.DrawFn) -> tuple[str, Json]:
    """Give an object of a kind, in which up to three values were replaced by any others."""
    kind, pod = draw(st.sampled_from(KINDS)), draw(pods())
    document = pod if kind == "Pod" else _workload(kind, pod, draw(st.booleans()))
    for _ in range(draw(st.integers(0, 3))):
        _spoil(draw, document)
    return kind, document


def _workload(kind: str, pod: Json, suspend: object) -> Json:
    spec: Json = {"template": pod, "suspend": suspend}
    if kind == "CronJob":
        spec = {"jobTemplate": {"metadata": {"annotations": None}, "spec": spec}}
    return {"metadata": {"annotations": {"gpu-class": "training"}}, "spec": spec}


def _spoil(draw: st.DrawFn, document: Any) -> None:
    """Walk down at random and replace or remove what is there."""
    place, depth = document, draw(st.integers(0, 8))
    while isinstance(place, dict | list) and place:
        key = draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
        if depth == 0 or not isinstance(place[key], dict | list) or not place[key]:
            place[key] = draw(json_values | scalars)
            return
        place, depth = place[key], depth - 1


@given(objects(), st.none() | objects())
def test_spoilt_object_is_answered_or_is_a_request_error(
    new: tuple[str, Json], old: tuple[str, Json] | None
) -> None:
    kind, document = new
    sent = request(document, old=old[1] if old else None, kind=kind)
    for decide in (mutate, validate):
        with contextlib.suppress(RequestError):
            _assert_sound(decide(sent, shipped()), document)


def _assert_sound(decision: Decision, document: Json) -> None:
    assert decision.allowed != bool(decision.violations)
    assert decision.allowed or not decision.patch
    apply(decision.patch, document)
