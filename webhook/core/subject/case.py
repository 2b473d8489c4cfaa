"""What is to be decided, and how what the rules say becomes a decision."""

from collections.abc import Callable
from enum import StrEnum

import msgspec
from msgspec.structs import replace

from webhook.core.decision import Decision, Verdict
from webhook.core.pod import Pod
from webhook.core.policy.documents import Mode
from webhook.core.policy.policy import Policy
from webhook.core.review import Request

_SPEAKING = (Mode.ENFORCE, Mode.WARN)
"""Modes in which what a rule finds is told to who sent the object."""


class Stage(StrEnum):
    """Which webhook asks: the one that may change the object, or the one that sees it last."""

    MUTATE = "mutate"
    VALIDATE = "validate"


class Case(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A request about a pod, with everything that its decision depends on."""

    request: Request
    pod: Pod
    policy: Policy
    stage: Stage

    @property
    def untouched(self) -> "Applied":
        """Give the pod as it was sent."""
        return Applied(pod=self.pod)

    def writes(self, rule: str) -> bool:
        """Tell whether a rule may change the pod."""
        return rule in self.policy.writing

    def audits(self, rule: str) -> bool:
        """Tell whether a rule only says what it would have changed, once: where it would."""
        return self.stage is Stage.MUTATE and self.policy.modes[rule] is Mode.AUDIT


class Applied(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A pod on its way through rules: as it is now, which changed it, which would have."""

    pod: Pod
    rules: tuple[str, ...] = ()
    would_change: tuple[str, ...] = ()

    def then(self, case: Case, rule: str, inject: Callable[[Pod], Pod]) -> "Applied":
        """Let one more rule change the pod, as far as its mode lets it."""
        writes = case.writes(rule)
        if not writes and not case.audits(rule):
            return self
        after = inject(self.pod)
        if after is self.pod:
            return self
        if writes:
            return replace(self, pod=after, rules=(*self.rules, rule))
        return replace(self, would_change=(*self.would_change, rule))


def enforce(decision: Decision, policy: Policy) -> Decision:
    """Weigh what the rules found by their modes.

    A violation of a rule in mode Enforce refuses, one in mode Warn becomes a warning, one in mode
    Audit is only reported, the others come to nothing. What is refused is not patched; what is not
    patched is merely let in.
    """
    if not decision.violations and decision.patch:
        return decision
    found = decision.violations
    refusing = tuple(v for v in found if policy.modes[v.rule] is Mode.ENFORCE)
    warned = (f"{v.path}: {v.message}" for v in found if policy.modes[v.rule] is Mode.WARN)
    audited = tuple(v for v in found if policy.modes[v.rule] is Mode.AUDIT)
    verdict = decision.verdict if decision.patch else Verdict.ALLOW
    return replace(
        decision,
        verdict=Verdict.DENY if refusing else verdict,
        patch=() if refusing else decision.patch,
        violations=refusing,
        warnings=(*decision.warnings, *warned),
        would_refuse=audited,
        rules=tuple(
            dict.fromkeys(
                (*decision.rules, *(v.rule for v in found if policy.modes[v.rule] in _SPEAKING))
            )
        ),
    )


def allow(reason: str) -> Decision:
    """Give the decision that lets an object in as it is."""
    return Decision(verdict=Verdict.ALLOW, reason=reason)
