"""The policies that are shipped, and the smallest way to ask about a manifest by them."""

from functools import cache
from pathlib import Path

from webhook.cli import judging, manifests
from webhook.cli.finding import Finding
from webhook.cli.judging import Requester
from webhook.cli.report import place
from webhook.core.errors import Fault
from webhook.core.policy.policy import Policy
from webhook.watch import policies

POLICIES = Path(__file__).parents[2] / "policies"


@cache
def policy() -> Policy:
    """Give the policy that is shipped."""
    return policies.load(POLICIES)


def judged(text: str, requester: Requester | None = None) -> list[Finding | Fault]:
    """Judge every object of a text, in order."""
    return [
        each if isinstance(each, Fault) else judging.judge(each, policy(), requester)
        for each in manifests.parse(text, "input.yaml")
    ]


def finding(text: str, requester: Requester | None = None) -> Finding:
    """Judge the only object of a text."""
    (found,) = judged(text, requester)
    assert isinstance(found, Finding), found
    return found


def fault(text: str) -> str:
    """Give the only fault of a text, as a line."""
    (found,) = judged(text)
    assert isinstance(found, Fault), found
    return place(found)
