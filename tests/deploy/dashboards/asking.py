"""What a board asks Prometheus, with its variables set."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from tests.deploy.dashboards.boards import Board

CHOSEN: Mapping[str, str] = {
    "$class": "training",
    "$namespace": ".*",
    "$__rate_interval": "1m",
    "$__range": "5m",
}
VALUES = re.compile(r"label_values\((.+), (\w+)\)")


@dataclass(frozen=True, slots=True)
class Question:
    """An expression, and the panel or variable that asks it."""

    asker: str
    expr: str

    def __str__(self) -> str:
        """Say both."""
        return f"{self.asker}: {self.expr}"


def questions(board: Board) -> list[Question]:
    """Give every expression in a board's file, as Grafana would ask it."""
    made = json.loads(board.path.read_text(encoding="utf-8"))
    found = [
        (panel["title"], target["expr"])
        for panel in made["panels"]
        for target in panel.get("targets", ())
    ]
    for variable in made["templating"]["list"]:
        match = VALUES.fullmatch(variable["query"])
        if match:
            found.append((f"${variable['name']}", f"count by ({match[2]}) ({match[1]})"))
    return [Question(asker, _set(expr)) for asker, expr in found]


def _set(expr: str) -> str:
    for name, value in CHOSEN.items():
        expr = expr.replace(name, value)
    return expr
