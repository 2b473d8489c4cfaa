"""Panels: a question each, by four kinds of answers, so that all boards read alike.

A title is what is shown, a description what it means and what to do. A number shows 0 or the good
state where all is well: no data there means that nobody exports it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

from grafana_foundation_sdk.builders import bargauge, common, dashboard, prometheus, table
from grafana_foundation_sdk.builders import stat as number_panel
from grafana_foundation_sdk.builders import timeseries as lines_panel
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import common as kinds
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from tests.deploy.monitoring import alerts

RUNBOOKS = alerts()[0]["annotations"]["runbook_url"].rpartition("/")[0]
"""Where the runbooks are read, as the alerts have it; `gpuclass init` puts one's own there."""
SOURCE = models.DataSourceRef(type_val="prometheus", uid="${datasource}")

RED, ORANGE, GREEN, BLUE = "red", "orange", "green", "blue"
Steps: TypeAlias = Sequence[tuple[float | None, str]]
"""From which value on which colour; the first is that of all values below, and its value None."""
PLAIN: Steps = ((None, BLUE),)
NONE_IS_WELL: Steps = ((None, GREEN), (1, ORANGE))

WHOLE = 24
"""The width of a board."""
HIGH, LOW = 8, 4

Panel: TypeAlias = Builder[models.Panel]
P = TypeVar("P", number_panel.Panel, lines_panel.Panel, bargauge.Panel, table.Panel)


@dataclass(frozen=True, slots=True)
class Query:
    """An expression, and what its series are called (`{{class}}`: by that label), or its column."""

    expr: str
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What every panel has; `runbook` is the alert whose page says what to do."""

    title: str
    says: str
    unit: str = "short"
    width: int = WHOLE // 2
    runbook: str = ""


def number(
    about: About,
    query: Query,
    steps: Steps = PLAIN,
    words: Mapping[str, tuple[str, str]] | None = None,
) -> Panel:
    """Show the last value, large; `words` has text and colour of values that stand for words."""
    panel = _begin(number_panel.Panel(), about, LOW)
    mapped = {
        value: models.ValueMappingResult(text, color)
        for value, (text, color) in (words or {}).items()
    }
    return (
        panel.with_target(_target(query, 0))
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        .text_mode(
            kinds.BigValueTextMode.NAME if "{{" in query.name else kinds.BigValueTextMode.VALUE
        )
        .mappings([models.ValueMap(options=mapped)] if mapped else [])
        .thresholds(_thresholds(steps))
        .graph_mode(kinds.BigValueGraphMode.NONE)
    )


def lines(about: About, *queries: Query, is_stacked: bool = False, steps: Steps = ()) -> Panel:
    """Show how values went; `steps` are drawn as lines of their own."""
    panel = _begin(lines_panel.Panel(), about, HIGH)
    for place, query in enumerate(queries):
        panel.with_target(_target(query, place))
    mode = kinds.StackingMode.NORMAL if is_stacked else kinds.StackingMode.NONE
    legend = common.VizLegendOptions().show_legend(True).placement(kinds.LegendPlacement.BOTTOM)
    panel.stacking(common.StackingConfig().mode(mode)).legend(
        legend.display_mode(kinds.LegendDisplayMode.TABLE).calcs(["lastNotNull", "max"])
    )
    panel.tooltip(common.VizTooltipOptions().mode(kinds.TooltipDisplayMode.MULTI))
    panel.fill_opacity(30 if is_stacked else 5).min(0)
    if steps:
        style = common.GraphThresholdsStyleConfig().mode(kinds.GraphThresholdsStyleMode.DASHED)
        panel.thresholds(_thresholds(steps)).thresholds_style(style)
    return panel


def bars(about: About, query: Query, steps: Steps = PLAIN) -> Panel:
    """Show one value for each of several things, the largest first."""
    panel = _begin(bargauge.Panel(), about, HIGH)
    return (
        panel.with_target(_target(query, 0, is_instant=True))
        .orientation(kinds.VizOrientation.HORIZONTAL)
        .display_mode(kinds.BarGaugeDisplayMode.BASIC)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        .thresholds(_thresholds(steps))
        .min(0)
    )


def listing(about: About, *queries: Query, units: Mapping[str, str] | None = None) -> Panel:
    """Show a table: a column for each label, and one for each query by its name."""
    panel = _begin(table.Panel(), about, HIGH)
    for place, query in enumerate(queries):
        panel.with_target(_target(query, place, is_instant=True).format(PromQueryFormat.TABLE))
    letters = [_letter(place) for place in range(len(queries))]
    values = [f"Value #{letter}" if len(queries) > 1 else "Value" for letter in letters]
    renamed = {value: query.name for value, query in zip(values, queries, strict=True)}
    organised = {
        "excludeByName": {"Time": True, "__name__": True},
        "indexByName": {},
        "renameByName": renamed,
    }
    panel.with_transformation(models.DataTransformerConfig(id_val="merge", options={}))
    panel.with_transformation(models.DataTransformerConfig(id_val="organize", options=organised))
    for name, unit in (units or {}).items():
        panel.override_by_name(name, [models.DynamicConfigValue(id_val="unit", value=unit)])
    order = common.TableSortByFieldState().display_name(queries[0].name).desc(True)
    return panel.sort_by([order])


def _begin(panel: P, about: About, height: int) -> P:
    panel.title(about.title).description(about.says).unit(about.unit)
    panel.datasource(SOURCE).span(about.width).height(height)
    if not about.runbook:
        return panel
    link = dashboard.DashboardLink("What to do").url(f"{RUNBOOKS}/{about.runbook}.md")
    return panel.links([link.target_blank(True)])


def _target(query: Query, place: int, *, is_instant: bool = False) -> prometheus.Dataquery:
    target = prometheus.Dataquery().expr(query.expr).ref_id(_letter(place)).datasource(SOURCE)
    target.legend_format(query.name) if query.name else target
    return target.instant() if is_instant else target.range()


def _letter(place: int) -> str:
    return chr(ord("A") + place)


def _thresholds(steps: Steps) -> dashboard.ThresholdsConfig:
    found = [models.Threshold(value=value, color=color) for value, color in steps]
    return dashboard.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps(found)
