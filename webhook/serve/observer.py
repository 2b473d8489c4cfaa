"""Records each answer: metrics always, a line of the log where something came of it.

A line says who asked for what and what became of it; it holds nothing of the object's contents.
"""

import logging
import time
from collections.abc import Callable

from webhook.core.decision import Decision, Verdict
from webhook.core.review import Request
from webhook.core.subject.case import Stage
from webhook.core.text import shown
from webhook.process.logs import ROOT, LineWriter, Render, fields, safe, timestamp
from webhook.serve.answer import Answer
from webhook.serve.metrics import Metrics

_UNCHANGED = frozenset({Verdict.ALLOW, Verdict.IGNORE})

_log = logging.getLogger(f"{ROOT}.review")


class Observer:
    """Counts answers and writes the lines of those that changed, refused or warned."""

    def __init__(
        self,
        metrics: Metrics,
        writer: LineWriter,
        render: Render,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._metrics = metrics
        self._writer = writer
        self._render = render
        self._clock = clock
        self._is_info = _log.isEnabledFor(logging.INFO)

    def record(self, stage: Stage, answer: Answer, at: float | None = None) -> None:
        """Record an answer that was given, now or at a moment (seconds since 1970)."""
        request, decision, policy = answer.request, answer.decision, answer.policy
        if request is None or decision is None or policy is None:
            self._record_failure(stage, answer)
            return
        self._metrics.count_decision(stage, request, decision, policy, answer.seconds)
        if self._is_info and _is_telling(decision):
            moment = self._clock() if at is None else at
            self._write(moment, stage, request, decision, answer.seconds)

    def _record_failure(self, stage: Stage, answer: Answer) -> None:
        if answer.failure is None:
            return
        self._metrics.count_failure(answer.failure)
        if answer.fault is not None:
            _log.error(
                "internal fault",
                exc_info=answer.fault,
                extra=fields(stage=stage, fault=str(answer.fault)),
            )
        else:
            _log.debug("no decision", extra=fields(stage=stage, reason=answer.failure))

    def _write(
        self, at: float, stage: Stage, request: Request, decision: Decision, seconds: float
    ) -> None:
        """Write past `logging`, whose records cost more than the decision's encoding.

        What somebody else wrote is made safe here, each field that it is in.
        """
        kind = request.request_kind or request.kind
        event: dict[str, object] = {
            "time": timestamp(at),
            "level": "info",
            "logger": _log.name,
            "message": f"{stage} {decision.verdict}",
            "uid": shown(request.uid),
            "user": shown(request.user_info.username),
            "operation": shown(request.operation),
            "namespace": shown(request.namespace),
            "kind": shown(kind.kind),
            "name": shown(request.name),
            "class": decision.gpu_class,
            "rules": decision.rules,
            "warnings": len(decision.warnings),
            "milliseconds": round(seconds * 1000, 3),
            "dry_run": request.dry_run is True,
        }
        if decision.would_change or decision.would_refuse:
            event |= _audited(decision)
        self._writer.write(self._render(event))


def _audited(decision: Decision) -> dict[str, object]:
    """Give what rules in mode Audit would have done."""
    refused = [f"{each.rule}: {each.path}" for each in decision.would_refuse]
    return safe({"would_change": decision.would_change, "would_refuse": refused})


def _is_telling(decision: Decision) -> bool:
    """Tell whether something came of a decision, or would have."""
    return bool(
        decision.verdict not in _UNCHANGED
        or decision.warnings
        or decision.would_change
        or decision.would_refuse
    )
