"""What an expression of PromQL asks for: names of metrics, and the labels that it selects by.

Not a parser: promtool says whether an expression is one.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import yaml

from tests.deploy.monitoring import rules
from webhook.control import measures as controller
from webhook.serve import measures as server
from webhook.watch import measures as watch

EXPORTED = Path(__file__).with_name("exported.yaml")

KEYWORDS = frozenset({"and", "bool", "offset", "or", "unless"})
QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
LABEL_LIST = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)")
SELECTOR = re.compile(r"([a-zA-Z_:][\w:]*)\s*\{([^}]*)\}")
NAME = re.compile(r"(?<![\w:.])[a-zA-Z_:][\w:]*\b(?!\s*\()")
COMMENT = re.compile(r"#.*")


def metrics_of(expression: str) -> set[str]:
    """Give the names of the metrics that are asked for."""
    bare = LABEL_LIST.sub("", QUOTED.sub("", COMMENT.sub("", expression)))
    bare = re.sub(r"\[[^\]]*\]", "", re.sub(r"\{[^}]*\}", "", bare))
    return {name for name in NAME.findall(bare) if name not in KEYWORDS}


def selected_by(expression: str) -> Iterator[tuple[str, str]]:
    """Give each label by which a metric is selected, with the metric's name."""
    for metric, matchers in SELECTOR.findall(QUOTED.sub("", expression)):
        for label in re.findall(r"\w+", matchers):
            yield metric, label


def exported() -> dict[str, frozenset[str]]:
    """Give every metric that somebody exports, with its labels: ours, and those of others."""
    rows = (*server.ROWS, *watch.ROWS, *controller.ROWS)
    ours = {name: frozenset({*row.label_names, "le"}) for row in rows for name in row.samples}
    others = yaml.safe_load(EXPORTED.read_text(encoding="utf-8")).values()
    return ours | {
        name: frozenset(labels) for each in others for name, labels in each["metrics"].items()
    }


def recorded(*paths: Path) -> set[str]:
    """Give the names that the rules of some files record (none named: of all)."""
    return {each["record"] for each in rules(*paths) if "record" in each}
