"""What comes of a request: a value that the webhook, the command line and the tests share."""

from enum import StrEnum

import msgspec

from webhook.core.patch import Operation


class Verdict(StrEnum):
    """What happens to the object, in one word."""

    INJECT = "inject"
    """A pod, or a node: it is let in changed."""
    PROPAGATE = "propagate"
    """A workload: its annotation is carried to (or taken from) its pod templates."""
    ALLOW = "allow"
    """It is let in as it is."""
    DENY = "deny"
    """It is refused."""
    IGNORE = "ignore"
    """Its kind has no pod template, or no pool claims the node: nothing is decided about it."""


class Violation(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One reason to refuse: the rule, the field (`spec.tolerations[0]`), what to do about it."""

    rule: str
    path: str
    message: str


class Decision(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The whole answer. `patch` applies to the object as it was sent.

    `gpu_class` is the class that the pod got (None: no class concerned it), `reason` says in a
    phrase why, `rules` names the rules that changed, refused or warned. `would_change` names the
    rules in mode Audit that would have changed it, `would_refuse` says what such rules found.
    `early` says that it hangs on something that may be known in a moment: look once more.
    """

    verdict: Verdict
    reason: str
    gpu_class: str | None = None
    patch: tuple[Operation, ...] = ()
    violations: tuple[Violation, ...] = ()
    warnings: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    would_change: tuple[str, ...] = ()
    would_refuse: tuple[Violation, ...] = ()
    early: bool = False

    @property
    def allowed(self) -> bool:
        """Tell whether the object is let in."""
        return self.verdict is not Verdict.DENY
