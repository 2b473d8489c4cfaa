"""What the documentation names exists: pages, files, metrics, commands."""

import re
from pathlib import Path

import pytest

from tests.docs.metrics_page import EVERY
from webhook.cli.commands import COMMANDS

ROOT = Path(__file__).parents[2]
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("deploy/**/*.md")]
LINK = re.compile(r"\]\((?!https?:)([^)#]+)")
METRIC = re.compile(r"\bgpuclass_[a-z_]+[a-z]\b")
EXPOSED = {name for row in EVERY for name in (row.name, *row.samples)}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    links = LINK.findall(page.read_text(encoding="utf-8"))
    missing = [each for each in links if not (page.parent / each).exists()]
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_metrics_that_are_named_are_exposed(page: Path) -> None:
    found = METRIC.findall(page.read_text(encoding="utf-8"))
    assert [name for name in found if name not in EXPOSED] == []


def test_the_readme_knows_every_command_that_reads_policies() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    used = set(re.findall(r"gpuclass ([a-z]+) ", text))
    assert {"lint", "test", "review"} <= used <= set(COMMANDS)
