"""What the documentation names exists: pages, files, metrics, commands."""

import re
from pathlib import Path

import pytest

from webhook.cli.commands import COMMANDS
from webhook.control import metrics as controller_metrics
from webhook.serve.metrics import Metrics
from webhook.watch.metrics import WatchCollector

ROOT = Path(__file__).parents[2]
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("deploy/**/*.md")]
LINK = re.compile(r"\]\((?!https?:)([^)#]+)")
METRIC = re.compile(r"gpuclass_[a-z_]+[a-z]")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    links = LINK.findall(page.read_text(encoding="utf-8"))
    missing = [each for each in links if not (page.parent / each).exists()]
    assert missing == []


def test_metrics_that_are_documented_are_exposed() -> None:
    exposed = _exposed()
    text = (ROOT / "docs" / "serving.md").read_text(encoding="utf-8")
    assert [name for name in METRIC.findall(text) if name not in exposed] == []


def test_metrics_of_the_audit_are_exposed() -> None:
    exposed = controller_metrics.Metrics().render().decode()
    text = (ROOT / "docs" / "audit.md").read_text(encoding="utf-8")
    found = METRIC.findall(text)
    assert found
    assert [name for name in found if name not in exposed] == []


def _exposed() -> str:
    metrics = Metrics()
    metrics.registry.register(WatchCollector([]))
    return metrics.render().decode()


def test_the_readme_knows_every_command_that_reads_policies() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    used = set(re.findall(r"gpuclass ([a-z]+) ", text))
    assert {"lint", "test", "review"} <= used <= set(COMMANDS)
