"""The boards: rows of panels, and how a board becomes JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard as models

from tests.deploy.dashboards.panels import RUNBOOKS, SOURCE, Panel

FOLDER = Path(__file__).parents[3] / "deploy" / "monitoring" / "dashboards"
TAG = "gpuclass"


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """A choice at the head of a board: the values of a label, of what `query` asks for.

    `is_one`: one is chosen, and it is the reader's own; else any, and all at first.
    """

    name: str
    query: str
    is_one: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """A board; `uid` is its name in links, and of its file."""

    uid: str
    title: str
    says: str
    variables: Sequence[Variable]
    rows: Mapping[str, Sequence[Panel]]

    @property
    def path(self) -> Path:
        """Give the file."""
        return FOLDER / f"{self.uid}.json"


def render(board: Board) -> str:
    """Give the JSON of a board, as Grafana imports it."""
    made = (
        dashboard.Dashboard(board.title)
        .uid(board.uid)
        .description(board.says)
        .tags([TAG])
        .refresh("1m")
        .time("now-6h", "now")
        .timezone("browser")
        .tooltip(models.DashboardCursorSync.CROSSHAIR)
        .with_variable(
            dashboard.DatasourceVariable("datasource").label("Prometheus").type("prometheus")
        )
        .link(
            dashboard.DashboardLink("gpuclass")
            .type(models.DashboardLinkType.DASHBOARDS)
            .tags([TAG])
            .as_dropdown(True)
            .include_vars(True)
            .keep_time(True)
        )
        .link(
            dashboard.DashboardLink("Runbooks")
            .type(models.DashboardLinkType.LINK)
            .url(RUNBOOKS)
            .target_blank(True)
        )
    )
    for each in board.variables:
        made.with_variable(_variable(each))
    for title, panels in board.rows.items():
        made.with_row(dashboard.Row(title))
        for panel in panels:
            made.with_panel(panel)
    return JSONEncoder(sort_keys=True, indent=2).encode(made.build()) + "\n"


def _variable(variable: Variable) -> dashboard.QueryVariable:
    made = (
        dashboard.QueryVariable(variable.name)
        .label(variable.name.capitalize())
        .query(variable.query)
        .datasource(SOURCE)
        .refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(models.VariableSort.ALPHABETICAL_ASC)
    )
    if variable.is_one:
        return made
    # "All" is what has no such label, too: a pod of no class, a node of no pool.
    return made.multi(True).include_all(True).all_value(".*")
