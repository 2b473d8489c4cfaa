"""The words that fields of documents choose from: enumerations and the names of rules."""

from collections.abc import Mapping
from enum import StrEnum

RULE_NAMES = (
    "class",
    "node-name",
    "placement",
    "tolerations",
    "priority",
    "contradiction",
    "cpu-target",
    "steering",
    "member",
    "workload",
    "rollout",
    "restore",
    "binding",
    "node-marks",
    "requests",
    "priority-borrowed",
    "runtime",
    "claim",
    "offer",
)
"""The rules that `spec.rules` of a GPUPolicy may set apart."""


NODE_RULE = "node-marks"
"""The one rule that is about nodes; the others are about pods and what makes them."""


class Effect(StrEnum):
    """core/v1 TaintEffect."""

    NO_SCHEDULE = "NoSchedule"
    PREFER_NO_SCHEDULE = "PreferNoSchedule"
    NO_EXECUTE = "NoExecute"


class Placement(StrEnum):
    """Whether a class's pods run on its pools only, or rather on them."""

    REQUIRED = "Required"
    PREFERRED = "Preferred"


class Mode(StrEnum):
    """How far a policy, or one rule of it, goes."""

    ENFORCE = "Enforce"
    WARN = "Warn"
    AUDIT = "Audit"
    OFF = "Off"


CEILINGS: Mapping[str, Mode] = {
    "requests": Mode.WARN,
    "priority-borrowed": Mode.WARN,
    "runtime": Mode.WARN,
    "offer": Mode.WARN,
}
"""How far rules go at most that `spec.rules` does not set apart: what they say is advice."""


def default_mode(rule: str, mode: Mode) -> Mode:
    """Give the mode of a rule in a policy of some mode that does not set it apart."""
    strictest_first = list(Mode)
    return max(mode, CEILINGS.get(rule, mode), key=strictest_first.index)


class CpuTarget(StrEnum):
    """What becomes of a CPU pod that aims at GPU nodes."""

    DENY = "Deny"
    WARN = "Warn"
    ALLOW = "Allow"


class BlanketToleration(StrEnum):
    """What becomes of a CPU pod that only a toleration without a key lets onto GPU nodes."""

    DENY = "Deny"
    STEER = "Steer"
    ALLOW = "Allow"


class PreemptionPolicy(StrEnum):
    """core/v1 PreemptionPolicy."""

    PREEMPT_LOWER_PRIORITY = "PreemptLowerPriority"
    NEVER = "Never"
