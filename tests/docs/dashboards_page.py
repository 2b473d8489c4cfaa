"""docs/dashboards.md: what each panel of each board shows."""

import json
from collections.abc import Iterator

from tests.deploy.dashboards import BOARDS
from tests.deploy.dashboards.boards import Board

HEAD = """
# Dashboards

Two boards for Grafana 11.6 or newer in `deploy/monitoring/dashboards`, as ConfigMaps that
Grafana's sidecar takes up (label `grafana_dashboard: "1"`); `kubectl apply -k deploy/monitoring`
brings them along. They lie in the folder `gpuclass` where the sidecar goes by an annotation (values
of the Grafana chart: `sidecar.dashboards.folderAnnotation: grafana_folder`,
`sidecar.dashboards.provider.foldersFromFilesStructure: true`), else among the others.

What they ask for is exported by gpuclass, by the rules beside them, and by kube-state-metrics,
NVIDIA's exporter, API servers and the scheduler ([monitoring.md](monitoring.md) says how they are
scraped). A number without data means that one of these is not; lines, bars and tables of what is
amiss are empty while nothing is.

They were never looked at in a Grafana: none can be had where the tests run. A test has every
expression answered by a real Prometheus beside a real API server, scheduler and gpuclass; others
hold the JSON against Grafana's own library. JSON and this page are written by the code
(`make render`).
"""
COLUMNS = ("| panel | | shows |", "| --- | --- | --- |")
KINDS = {"stat": "number", "timeseries": "lines", "bargauge": "bars", "table": "table"}


def dashboards_page() -> str:
    """Write the page."""
    return "\n".join([HEAD.strip(), *(line for board in BOARDS for line in _board(board))]) + "\n"


def _board(board: Board) -> Iterator[str]:
    made = json.loads(board.path.read_text(encoding="utf-8"))
    chosen = ", ".join(each["label"] for each in made["templating"]["list"])
    yield from ("", f"## {board.title}", "", f"{board.says} Chosen at its head: {chosen}.")
    for panel in made["panels"]:
        if panel["type"] == "row":
            yield from (
                "",
                f"### {panel['title']}",
                "",
                "| panel | | shows |",
                "| --- | --- | --- |",
            )
        else:
            yield f"| {panel['title']} | {KINDS[panel['type']]} | {panel['description']} |"
