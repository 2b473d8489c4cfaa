"""The first screen of the README is what the program does."""

import re
from pathlib import Path

import yaml

from tests.cli.shipped import finding
from webhook.core.patch import JSON, apply

README = Path(__file__).parents[2] / "README.md"
LEFT_OUT = "..."


def test_the_pod_becomes_what_is_shown() -> None:
    before, after = re.findall(r"(?s)```yaml\n(.*?)```", README.read_text(encoding="utf-8"))
    got = apply(finding(before).patch, yaml.safe_load(before))
    assert shown(got, yaml.safe_load(after)) == got


def shown(got: JSON, page: JSON) -> JSON:
    """Give what a page shows, with what it leaves out taken from what there is."""
    if page == LEFT_OUT:
        return got
    if not isinstance(page, dict) or not isinstance(got, dict):
        return page
    left_out = got if LEFT_OUT in page else {}
    named = {key: shown(got.get(key), value) for key, value in page.items() if key != LEFT_OUT}
    return {**left_out, **named}
