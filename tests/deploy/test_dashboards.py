"""The dashboards: as the tables would write them, and whole without a Grafana to look at them."""

import json
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

from tests.cluster.binaries import Binaries
from tests.deploy.dashboards import BOARDS
from tests.deploy.dashboards.asking import Question, questions
from tests.deploy.dashboards.boards import FOLDER, Board, render
from tests.deploy.dashboards.panels import RUNBOOKS, WHOLE
from tests.deploy.prometheus import Prometheus
from tests.deploy.prometheus_server import promtool
from tests.deploy.promql import exported, metrics_of, recorded, selected_by
from tests.deploy.test_kustomize import build

PAGES = Path(__file__).parents[2] / "docs" / "runbooks"
MOST = 1_048_576
"""Bytes of a ConfigMap (core/v1)."""

Json = dict[str, Any]

boards = pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.uid)


def written(board: Board) -> Json:
    found: Json = json.loads(board.path.read_text(encoding="utf-8"))
    return found


def panels(board: Board) -> list[Json]:
    return [each for each in written(board)["panels"] if each["type"] != "row"]


@boards
def test_the_file_is_as_the_tables_would_write_it(board: Board) -> None:
    assert board.path.read_text(encoding="utf-8") == render(board), "make render"


@boards
def test_grafanas_own_library_knows_every_key(board: Board) -> None:
    """What it does not know it drops."""
    made = written(board)
    again = JSONEncoder(sort_keys=True).encode(Dashboard.from_json(made))
    assert json.loads(again) == made


@boards
def test_every_panel_says_what_it_shows_in_which_unit(board: Board) -> None:
    titles = [each["title"] for each in panels(board)]
    assert len(set(titles)) == len(titles)
    for each in panels(board):
        assert each["description"].endswith("."), each["title"]
        assert each["fieldConfig"]["defaults"]["unit"], each["title"]
        assert each["targets"], each["title"]


@boards
def test_no_panel_lies_over_another_or_over_the_edge(board: Board) -> None:
    places = [each["gridPos"] for each in written(board)["panels"]]
    assert all(place["x"] + place["w"] <= WHOLE for place in places)
    cells = [
        {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        for place in places
    ]
    assert [pair for pair in combinations(cells, 2) if set.intersection(*pair)] == []


@boards
def test_links_lead_to_runbooks(board: Board) -> None:
    links = [
        *written(board)["links"],
        *(link for each in panels(board) for link in each.get("links", ())),
    ]
    pages = [each["url"].removeprefix(RUNBOOKS) for each in links if "url" in each]
    assert len(pages) > 1
    assert [each for each in pages if not (PAGES / each.removeprefix("/")).exists()] == []


QUESTIONS = [each for board in BOARDS for each in questions(board)]


@pytest.mark.parametrize("question", QUESTIONS, ids=str)
def test_a_panel_asks_for_what_somebody_exports_by_labels_that_it_has(question: Question) -> None:
    known, ours = exported(), recorded()
    assert metrics_of(question.expr)
    assert metrics_of(question.expr) - {*known, *ours} == set()
    strange = {
        (name, label)
        for name, label in selected_by(question.expr)
        if name not in ours and label not in known[name]
    }
    assert strange == set()


def test_promtool_can_read_every_expression(prometheus: Prometheus, tmp_path: Path) -> None:
    rules = [
        {"record": f"panel:{number}", "expr": each.expr} for number, each in enumerate(QUESTIONS)
    ]
    path = tmp_path / "panels.rules.yaml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
    answer = promtool(prometheus, "check", "rules", str(path))
    assert answer.returncode == 0, answer.stdout + answer.stderr


@pytest.mark.cluster
def test_grafanas_sidecar_finds_each_board_in_a_config_map(binaries: Binaries) -> None:
    found = [each for (kind, _), each in build(binaries, FOLDER).items() if kind == "ConfigMap"]
    assert len(found) == len(BOARDS)
    for each in found:
        assert each["metadata"]["labels"]["grafana_dashboard"] == "1"
    files = {name: text for each in found for name, text in each["data"].items()}
    assert {name: json.loads(text) for name, text in files.items()} == {
        board.path.name: written(board) for board in BOARDS
    }
    assert all(len(text.encode()) < MOST for text in files.values())
