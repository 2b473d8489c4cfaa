"""What is counted, and what is worth a line."""

import json
import logging
from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from tests.serve import reviews
from webhook.core.decision import Decision, Verdict, Violation
from webhook.core.subject.case import Stage
from webhook.process import logs
from webhook.serve import answer as answers
from webhook.serve.answer import Answer, Answerer, Failure
from webhook.serve.metrics import Metrics
from webhook.serve.observer import Observer


class Lines(logs.LineWriter):
    """Keeps what is written."""

    def __init__(self) -> None:
        super().__init__(2)
        self.written: list[bytes] = []

    def write(self, line: bytes) -> None:
        """Keep a line."""
        self.written.append(line)


@pytest.fixture(autouse=True)
def _info() -> Iterator[None]:
    logger = logging.getLogger(logs.ROOT)
    logger.setLevel(logging.INFO)
    yield
    logger.setLevel(logging.NOTSET)


def an_answer(name: str, **more: object) -> Answer:
    answerer = Answerer(reviews.decide, reviews.policy, lambda: 0.0)
    return answerer.answer(reviews.body(name, **more), Stage.MUTATE)


def record(answer: Answer) -> tuple[Metrics, list[bytes]]:
    metrics, lines = Metrics(), Lines()
    Observer(metrics, lines, logs.render_json, lambda: 0.0).record(Stage.MUTATE, answer)
    return metrics, lines.written


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(name, labels)


def test_what_changed_is_a_line_without_the_object() -> None:
    _, (line,) = record(an_answer("injected", dryRun=True))
    assert json.loads(line) == {
        "time": "1970-01-01T00:00:00.000Z",
        "level": "info",
        "logger": "gpuclass.review",
        "message": "mutate inject",
        "uid": "uid-injected",
        "user": "alice",
        "operation": "CREATE",
        "namespace": "team-a",
        "kind": "Pod",
        "name": "injected",
        "class": "training",
        "rules": ["placement", "priority"],
        "warnings": 0,
        "milliseconds": 0.0,
        "dry_run": True,
    }


def test_what_was_sent_is_logged_by_the_kind_that_the_client_used() -> None:
    sent = {"group": "apps", "version": "v1beta1", "kind": "Deployment"}
    _, (line,) = record(an_answer("denied", requestKind=sent))
    assert json.loads(line)["kind"] == "Deployment"


def test_what_is_let_in_as_it_is_is_no_line_unless_it_warns() -> None:
    assert record(an_answer("allowed"))[1] == []
    warned = Decision(verdict=reviews.ALLOWED.verdict, reason="", warnings=("beware",))
    answer = an_answer("allowed")
    warning = Answer(
        status=200, body=b"", request=answer.request, policy=answer.policy, decision=warned
    )
    assert json.loads(record(warning)[1][0])["warnings"] == 1


def test_a_decision_is_counted_with_each_of_its_rules() -> None:
    metrics, _ = record(an_answer("injected"))
    labels = {"stage": "mutate", "verdict": "inject"}
    whole = {"operation": "CREATE", "class": "training", "dry_run": "false"}
    assert value(metrics, "gpuclass_decisions_total", **labels, **whole) == 1
    assert value(metrics, "gpuclass_rule_decisions_total", rule="placement", **labels) == 1
    assert value(metrics, "gpuclass_rule_decisions_total", rule="priority", **labels) == 1
    assert value(metrics, "gpuclass_decision_duration_seconds_count", stage="mutate") == 1


def test_no_label_comes_straight_from_a_request() -> None:
    unknown = Decision(verdict=reviews.ALLOWED.verdict, reason="", gpu_class="no-such-class")
    request = an_answer("allowed", operation="INVENTED").request
    answer = Answer(
        status=200, body=b"", request=request, policy=reviews.policy(), decision=unknown
    )
    labels = {"stage": "mutate", "verdict": "allow", "dry_run": "false"}
    metrics, _ = record(answer)
    assert value(metrics, "gpuclass_decisions_total", operation="other", **labels, **{"class": ""})


def test_a_fault_of_ours_is_logged_once_with_its_traceback(
    caplog: pytest.LogCaptureFixture,
) -> None:
    metrics, _ = record(an_answer("broken"))
    assert value(metrics, "gpuclass_failed_reviews_total", reason="internal") == 1
    (line,) = caplog.records
    assert line.getMessage() == "internal fault"
    assert "LookupError: a bug of ours" in str(logs.event(line)["traceback"])


@pytest.mark.parametrize("failure", [each for each in Failure if each is not Failure.INTERNAL])
def test_every_other_failure_is_counted_and_no_line(
    failure: Failure, caplog: pytest.LogCaptureFixture
) -> None:
    metrics, lines = record(answers.fail(400, "no", failure))
    assert value(metrics, "gpuclass_failed_reviews_total", reason=failure) == 1
    assert (lines, caplog.records) == ([], [])


def test_every_name_is_ours_and_every_counter_begins_at_zero() -> None:
    metrics = Metrics()
    names = [each.name for each in metrics.registry.collect()]
    assert all(name.startswith(("gpuclass_", "process_")) for name in names)
    assert value(metrics, "gpuclass_failed_reviews_total", reason="timeout") == 0
    assert b"_created" not in metrics.render()


AUDITED = Decision(
    verdict=Verdict.ALLOW,
    reason="",
    would_change=("placement", "tolerations"),
    would_refuse=(
        Violation(rule="priority", path="spec.priorityClassName", message="a"),
        Violation(rule="priority", path="spec.priority", message="b"),
    ),
)


def test_what_audit_found_is_a_line_and_counted_by_rule_and_effect() -> None:
    answer = replace(an_answer("untouched"), decision=AUDITED)
    metrics, (line,) = record(answer)
    written = json.loads(line)
    assert written["message"] == "mutate allow"
    assert written["would_change"] == ["placement", "tolerations"]
    assert written["would_refuse"] == [
        "priority: spec.priorityClassName",
        "priority: spec.priority",
    ]
    name, common = "gpuclass_audited_decisions_total", {"stage": "mutate", "dry_run": "false"}
    found = {
        (rule, effect): value(metrics, name, rule=rule, effect=effect, **common)
        for rule in ("placement", "tolerations", "priority")
        for effect in ("change", "refuse")
    }
    assert {key for key, count in found.items() if count == 1} == {
        ("placement", "change"),
        ("tolerations", "change"),
        ("priority", "refuse"),
    }
