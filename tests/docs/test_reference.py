"""Pages that the code writes are as the code would write them now."""

import pytest

from tests.docs.reference import DOCS, FAMILIES, FINDING, PAGES, rule_modules
from webhook.core.audit.finding import SEVERITIES
from webhook.core.policy.choices import RULE_NAMES


@pytest.mark.parametrize("name", PAGES)
def test_the_page_is_up_to_date(name: str) -> None:
    written = (DOCS / name).read_text(encoding="utf-8")
    assert written == PAGES[name](), "run python -m tests.docs.reference"


def test_every_rule_that_a_policy_may_set_apart_is_documented() -> None:
    assert sorted(module.NAME for module in rule_modules()) == sorted(RULE_NAMES)


def test_every_finding_of_the_audit_is_documented_once() -> None:
    told = [name for each in FAMILIES for name in FINDING.findall(each.__doc__ or "")]
    assert told == list(SEVERITIES)
