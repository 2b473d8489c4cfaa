"""A real Prometheus of a test's own: it scrapes what the test names, by the test's rules."""

import http.client
import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlencode

import yaml

from tests.cluster.access import clean_environment
from tests.cluster.components import LOOPBACK
from tests.cluster.probing import is_ready
from tests.cluster.supervisor import Launch, Supervisor
from tests.deploy.prometheus import Prometheus

NAME = "prometheus"
SCRAPE_SECONDS = 1
"""Between two looks at a target, and between two evaluations of rules."""
SECONDS = 60
PROMTOOL_SECONDS = 600
"""So long that it tells nothing of the machine: cases take 9 s of a processor."""

Rules = Mapping[str, Any]
"""A rule file: `groups`, each with a name and its rules (prometheus.io, recording rules)."""


Job = int | Mapping[str, Any]
"""The port of a program that answers in plain HTTP, or what else a scrape_config has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One element of an instant vector: its labels, the name of the metric among them."""

    labels: Mapping[str, str]
    value: float


class PrometheusServer:
    """Scrapes programs of this machine each second; its data is gone with it."""

    def __init__(
        self,
        programs: Prometheus,
        jobs: Mapping[str, Job],
        rules: Sequence[Rules],
        history: str = "",
    ) -> None:
        """Take each job's one target, and rule files. Nothing runs before `with`.

        `history` is what it is to know from before, in OpenMetrics' format, with times.
        """
        self._program = programs.prometheus
        self._supervisor = Supervisor("gpuclass-prometheus-", clean_environment())
        self._port = 0
        folder = self._supervisor.folder
        for number, each in enumerate(rules):
            _write(folder / f"{number}.rules.yaml", each)
        _write(folder / "prometheus.yaml", _configuration(jobs))
        if history:
            (folder / "history").write_text(history, encoding="utf-8")
            made = ("tsdb", "create-blocks-from", "openmetrics", "history", "data")
            answer = promtool(programs, *made, folder=folder)
            assert answer.returncode == 0, answer.stderr

    def __enter__(self) -> Self:
        """Start it and wait until it answers."""
        try:
            self._port = self._supervisor.start(
                Launch(name=NAME, ports=1, command=self._command, is_ready=_is_ready)
            )
        except BaseException:
            self._supervisor.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Stop it."""
        self._supervisor.stop()

    def query(self, expression: str) -> list[Sample]:
        """Evaluate an expression now; a scalar is a sample without labels."""
        data = self._get("/api/v1/query", query=expression)
        if data["resultType"] == "scalar":
            return [Sample(labels={}, value=float(data["result"][1]))]
        return [
            Sample(labels=each["metric"], value=float(each["value"][1])) for each in data["result"]
        ]

    def firing(self) -> set[str]:
        """Give the names of alerts that fire now."""
        alerts = self._get("/api/v1/alerts")["alerts"]
        return {each["labels"]["alertname"] for each in alerts if each["state"] == "firing"}

    def errors(self) -> dict[str, str]:
        """Give the last error of each job's target, empty where the last scrape went well."""
        targets = self._get("/api/v1/targets")["activeTargets"]
        return {
            each["labels"]["job"]: each["lastError"] if each["health"] != "up" else ""
            for each in targets
        }

    def _get(self, path: str, **query: str) -> Any:  # noqa: ANN401 - JSON of Prometheus' HTTP API
        connection = http.client.HTTPConnection(LOOPBACK, self._port, timeout=SECONDS)
        try:
            connection.request("GET", f"{path}?{urlencode(query)}")
            answer = json.load(connection.getresponse())
        finally:
            connection.close()
        assert answer["status"] == "success", answer
        return answer["data"]

    def _command(self, ports: list[int]) -> list[str]:
        folder = self._supervisor.folder
        return [
            str(self._program),
            f"--config.file={folder / 'prometheus.yaml'}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address={LOOPBACK}:{ports[0]}",
            "--log.level=warn",
        ]


def promtool(
    programs: Prometheus, *arguments: str, text: str | None = None, folder: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run promtool to its end, in `folder`; its exit code is the caller's to judge."""
    return subprocess.run(
        [str(programs.promtool), *arguments],
        input=text,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=PROMTOOL_SECONDS,
        check=False,
    )


def _configuration(jobs: Mapping[str, Job]) -> dict[str, Any]:
    return {
        "global": {
            "scrape_interval": f"{SCRAPE_SECONDS}s",
            "scrape_timeout": f"{SCRAPE_SECONDS}s",
            "evaluation_interval": f"{SCRAPE_SECONDS}s",
        },
        "rule_files": ["*.rules.yaml"],
        "scrape_configs": [
            {"job_name": name, **(_plain(job) if isinstance(job, int) else job)}
            for name, job in jobs.items()
        ],
    }


def _is_ready(port: int) -> bool:
    return is_ready(port, "/-/ready")


def _plain(port: int) -> dict[str, Any]:
    return {"static_configs": [{"targets": [f"{LOOPBACK}:{port}"]}]}


def _write(path: Path, content: Mapping[str, Any]) -> None:
    path.write_text(yaml.safe_dump(dict(content), sort_keys=False), encoding="utf-8")
