"""Whatever a tenant writes: what we say of it is on its line, prints, and is bounded.

Sinks are the answer (message, warnings, audit annotations), lines of the log in both forms, labels
of metrics, events, conditions, what /readyz says. The limits are the API server's
(docs/semantics.md), or ours below them.
"""

import base64
import json
import logging
from typing import Any, TypeAlias

from hypothesis import given
from hypothesis import strategies as st

from tests.core.given import shipped
from tests.exposition import bounds, strays
from webhook.control.conditions import MAX_MESSAGE, condition
from webhook.control.events import MAX_NOTE, Events
from webhook.control.metrics import Metrics as ControllerMetrics
from webhook.control.reasons import Reason
from webhook.core.decide import decide
from webhook.core.review import AUDIT_LENGTH, MESSAGE_LENGTH, WARNING_LENGTH, WARNINGS_LENGTH
from webhook.core.subject.case import Stage
from webhook.core.text import LONGEST
from webhook.process import logs
from webhook.process.logs import LONGEST_LIST, RENDER, LineWriter
from webhook.process.probes import probes
from webhook.process.settings import LogFormat
from webhook.serve.answer import Answer, Answerer
from webhook.serve.measures import ROWS
from webhook.serve.metrics import Metrics
from webhook.serve.observer import Observer

Json: TypeAlias = dict[str, Any]

NASTY = (
    "\n",
    "\r\n",
    "\x1b[2J",
    "\x9b31m",
    "\u202e",
    "\u2066",
    "\u2028",
    "\x00",
    "\x7f",
    '"',
    "  a=b",
)
FORGED = '\n{"level":"info","message":"mutate inject"}\n'
LINE_LENGTH = 40_000
"""Bytes of a line: some twenty fields, of 1024 characters that may take several bytes each."""


def texts() -> st.SearchStrategy[str]:
    """Give what no person would write: controls, both directions, far too long."""
    pieces = st.lists(st.sampled_from(NASTY) | st.text(max_size=8), max_size=6).map("".join)
    huge = st.sampled_from(["x", "\n", "\u202e", "é"]).map(lambda each: each * 5_000)
    return pieces | st.just(FORGED) | huge


@st.composite
def reviews(draw: st.DrawFn) -> Json:
    """Give the review of a pod in which a tenant chose every text that he may choose."""
    text = texts()
    limits = {"nvidia.com/gpu": "1"} if draw(st.booleans()) else {}
    toleration = {
        "key": draw(st.sampled_from(["nvidia.com/gpu", "gpu-type"]) | text),
        "operator": "Exists",
    }
    pod: Json = {
        "metadata": {
            "name": draw(text),
            "annotations": {"gpu-class": draw(st.sampled_from(["training", "production"]) | text)},
            "labels": {draw(text): draw(text)},
        },
        "spec": {
            "containers": [
                {"name": draw(text), "resources": {"limits": limits | {draw(text): "1"}}}
            ],
            "nodeName": draw(st.sampled_from(["", "training-1"]) | text),
            "nodeSelector": {
                draw(st.sampled_from(["gpu-type", "nvidia.com/x"]) | text): draw(text)
            },
            "tolerations": [
                toleration,
                {"key": draw(text), "value": draw(text), "effect": draw(text)},
            ],
            "priorityClassName": draw(st.sampled_from(["", "system-node-critical"]) | text),
            "runtimeClassName": draw(text),
            "schedulerName": draw(text),
        },
    }
    request = {
        "uid": draw(text.filter(bool)),
        "kind": {"group": "", "version": "v1", "kind": "Pod"},
        "requestKind": {"group": "", "version": "v1", "kind": draw(st.just("Pod") | text)},
        "namespace": draw(text),
        "name": draw(text),
        "operation": draw(st.sampled_from(["CREATE", "UPDATE"]) | text),
        "userInfo": {"username": draw(text), "groups": [draw(text)]},
        "object": pod,
    }
    return {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request}


class Kept(LineWriter):
    """Keeps the lines, and writes none."""

    def __init__(self) -> None:
        super().__init__(2)
        self.lines: list[bytes] = []

    def write(self, line: bytes) -> None:
        """Keep a line."""
        self.lines.append(line)


@given(reviews(), st.sampled_from(Stage))
def test_what_a_tenant_writes_stays_on_its_line_and_within_limits(
    review: Json, stage: Stage
) -> None:
    body = json.dumps(review).encode("utf-8", "surrogatepass")
    answer = Answerer(decide, shipped).answer(body, stage)
    found = json.loads(answer.body)
    if "response" in found:
        check_response(found["response"])
    else:
        check_text(found["message"], LONGEST)
    metrics = Metrics()
    for form in LogFormat:
        check_lines(recorded(metrics, form, stage, answer), form)
    check_labels(metrics.render().decode())


def check_text(text: str, most: int) -> None:
    assert text.isprintable()
    assert len(text) <= most


def check_response(response: Json) -> None:
    first, *lines = response.get("status", {}).get("message", "").split("\n")
    check_text(first, 3 * LONGEST)
    for each in lines:
        check_text(each, 3 * LONGEST)
        assert each.startswith(("- ", "and "))
    assert sum(map(len, lines)) <= MESSAGE_LENGTH + 3 * len(lines) + 40
    warnings = response.get("warnings", [])
    for each in warnings:
        check_text(each, WARNING_LENGTH)
    assert sum(map(len, warnings)) <= WARNINGS_LENGTH
    for each in response.get("auditAnnotations", {}).values():
        check_text(each, AUDIT_LENGTH)
    if "patch" in response:
        assert json.loads(base64.b64decode(response["patch"]))


def recorded(metrics: Metrics, form: LogFormat, stage: Stage, answer: Answer) -> list[bytes]:
    """Give the lines that an answer leaves in the log."""
    kept = Kept()
    logging.getLogger(logs.ROOT).setLevel(logging.INFO)
    Observer(metrics, kept, RENDER[form]).record(stage, answer)
    return kept.lines


def check_lines(lines: list[bytes], form: LogFormat) -> None:
    assert len(lines) <= 1
    for line in lines:
        text = line.decode()
        assert text.endswith("\n")
        assert text[:-1].isprintable()
        assert len(line) < LINE_LENGTH
        if form is LogFormat.JSON:
            assert json.loads(text)["message"].split()[0] in set(Stage)


def check_labels(exposition: str) -> None:
    """No label has what was sent, unless it is the name of a class or an operation."""
    found = strays(exposition, ROWS, bounds(shipped()))
    assert [each for each in found if not each.endswith(": not shown")] == []


@given(texts(), texts())
def test_an_event_is_one_line_within_the_api_s_limit(name: str, note: str) -> None:
    sent: list[Json] = []

    class Api:
        def send(self, _: str, __: str, body: Json) -> None:
            sent.append(body)

    about = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x", "namespace": "y"}}
    events = Events(Api(), ControllerMetrics(), "replica")  # type: ignore[arg-type] # one method
    events.say(about, Reason.CA_CREATED, f"{name}: {note}", "Warning")
    (event,) = sent
    assert event["note"].isprintable()
    assert len(event["note"].encode()) <= MAX_NOTE


@given(texts())
def test_a_condition_is_one_line_within_what_a_reader_takes(text: str) -> None:
    check_text(condition("Ready", "Refused", text).message, MAX_MESSAGE)


@given(st.lists(texts(), max_size=30))
def test_what_readiness_says_prints_and_is_bounded(faults: list[str]) -> None:
    class Faulty:
        def reasons(self) -> list[str]:
            return faults

        def report(self) -> Json:
            return {"policy": {"faults": faults}, "watches": [{"fault": each} for each in faults]}

    asked = probes(Faulty(), bytes).test_client()
    for path in ("/readyz", "/readyz?verbose"):
        found = asked.get(path).get_data(as_text=True)
        check_text(found, 3 * (LONGEST + 30) * (LONGEST_LIST + 1))


@given(texts() | st.lists(texts(), max_size=30) | st.dictionaries(texts(), texts(), max_size=3))
def test_any_fields_make_one_line_in_either_form(value: object) -> None:
    record = logging.LogRecord("gpuclass.x", logging.INFO, "", 0, "said", (), None)
    record.fields = {"value": value}
    for form in LogFormat:
        kept = Kept()
        logs.LineHandler(kept, RENDER[form]).emit(record)
        (written,) = kept.lines
        (line,) = written.decode().splitlines()
        assert line.isprintable()
