"""deploy/monitoring: rules are sound and tried, ask for what there is, and lead to a page."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.cli.shipped import policy
from tests.cluster.binaries import Binaries
from tests.cluster.gobuild import BinariesUnavailable
from tests.deploy import monitoring
from tests.deploy.monitoring import FOLDER, ROOT, RULES, Json, alerts, rule_files, rules
from tests.deploy.operator_kinds import OPERATOR, faults
from tests.deploy.prometheus import Prometheus
from tests.deploy.prometheus_server import promtool
from tests.deploy.promql import exported, metrics_of, recorded, selected_by
from tests.deploy.test_kustomize import build
from webhook.core import registration
from webhook.core.audit.finding import SEVERITIES
from webhook.serve.answer import Failure

RUNBOOKS = ROOT / "docs" / "runbooks"
PAGES = "https://git.example.com/platform/gpuclass/blob/main/docs/runbooks"
PROMISES = RULES / "slo.rules.yaml"
"""docs/slo.md tells of these."""
CASES = sorted((RULES / "tests").glob("*.test.yaml"))
SAMPLE = re.compile(r"^```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SECTIONS = ["What it means", "Look", "Mend"]

PROGRAMS = ("gpuclass", "gpuclass-controller")


def documents(path: Path) -> list[Json]:
    return list(yaml.safe_load_all(path.read_text(encoding="utf-8")))


def name_of(rule: Json) -> str:
    return str(rule.get("alert") or rule["record"])


def test_promtool_finds_no_fault_in_the_rules(prometheus: Prometheus) -> None:
    answer = promtool(prometheus, "check", "rules", "--lint-fatal", *map(str, rule_files()))
    assert (answer.returncode, answer.stderr) == (0, ""), answer.stdout


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.name)
def test_rules_do_what_their_cases_say(prometheus: Prometheus, path: Path) -> None:
    answer = promtool(prometheus, "test", "rules", str(path))
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_every_alert_fires_in_a_case_and_is_silent_in_another() -> None:
    fires: set[str] = set()
    silent: set[str] = set()
    for path in CASES:
        for case in yaml.safe_load(path.read_text(encoding="utf-8"))["tests"]:
            for each in case.get("alert_rule_test", []):
                (fires if each["exp_alerts"] else silent).add(each["alertname"])
    names = {each["alert"] for each in alerts()}
    assert (names - fires, names - silent) == (set(), set())
    assert fires | silent == names


def test_every_record_is_asked_for_in_a_case_or_by_a_rule() -> None:
    asked: set[str] = set().union(*(metrics_of(each["expr"]) for each in rules()))
    for path in CASES:
        for case in yaml.safe_load(path.read_text(encoding="utf-8"))["tests"]:
            for each in case.get("promql_expr_test", []):
                asked |= metrics_of(each["expr"])
    assert recorded() - asked == set()


@pytest.mark.parametrize("rule", rules(), ids=name_of)
def test_a_rule_asks_for_what_somebody_exports_by_labels_that_it_has(rule: Json) -> None:
    known, ours = exported(), recorded()
    expression = rule["expr"]
    assert metrics_of(expression)
    assert metrics_of(expression) - {*known, *ours} == set()
    strange = {
        (name, label)
        for name, label in selected_by(expression)
        if name not in ours and label not in known[name]
    }
    assert strange == set()


def test_no_rule_goes_by_the_name_of_a_job() -> None:
    assert [name_of(each) for each in rules() if re.search(r"\bjob\b", each["expr"])] == []


def test_findings_of_the_audit_are_named_as_it_names_them() -> None:
    text = (RULES / "alerts.rules.yaml").read_text(encoding="utf-8")
    named = {
        name for matcher in re.findall(r'finding=~?"([^"]+)"', text) for name in matcher.split("|")
    }
    assert named
    assert named <= set(SEVERITIES)


def test_entries_that_should_not_fail_open_are_those_that_fail_closed() -> None:
    (rule,) = (each for each in alerts() if each["alert"] == "GpuclassFailOpen")
    (pattern,) = re.findall(r'name=~"([^"]+)"', rule["expr"])
    configurations: tuple[Json, ...] = registration.render(policy())
    rendered: list[Json] = [entry for each in configurations for entry in each["webhooks"]]
    closed = {each["name"] for each in rendered if each["failurePolicy"] == "Fail"}
    others = {each["name"] for each in rendered} - closed
    assert closed
    assert others
    assert {name for name in closed | others if re.fullmatch(pattern, name)} == closed


def test_reviews_fail_for_every_reason_but_those_of_strangers() -> None:
    (rule,) = (each for each in alerts() if each["alert"] == "GpuclassReviewsFailing")
    (pattern,) = re.findall(r'reason!~"([^"]+)"', rule["expr"])
    assert set(pattern.split("|")) == {
        Failure.MEDIA_TYPE,
        Failure.TOO_LARGE,
        Failure.UNREADABLE,
    }


def test_gpus_are_counted_by_the_names_that_the_shipped_policy_has() -> None:
    """kube-state-metrics writes what a label's value may hold (Prometheus would take more)."""
    found = {each for rule in rules() for each in re.findall(r'resource=~"([^"]+)"', rule["expr"])}
    (pattern,) = found
    (shipped,) = documents(ROOT / "policies" / "policy.yaml")
    for name in shipped["spec"]["gpuResources"]:
        example = re.sub(r"[^a-zA-Z0-9_]", "_", name.replace("*", "1g.10gb"))
        assert re.fullmatch(pattern, example), example
    for other in ("cpu", "nvidia_com_gpumem", "gpu_intel_com_i915_monitoring"):
        assert not re.fullmatch(pattern, other), other


@pytest.mark.parametrize("alert", alerts(), ids=name_of)
def test_an_alert_says_how_grave_it_is_what_it_is_and_where_to_read_on(alert: Json) -> None:
    said = alert["annotations"]
    assert set(said) == {"summary", "description", "runbook_url"}
    assert alert["labels"]["severity"] in {"critical", "warning", "info"}
    assert said["runbook_url"] == f"{PAGES}/{alert['alert']}.md"


def test_every_alert_has_a_page_and_every_page_an_alert() -> None:
    pages = {path.stem for path in RUNBOOKS.glob("*.md")} - {"README"}
    assert pages == {each["alert"] for each in alerts()}
    index = (RUNBOOKS / "README.md").read_text(encoding="utf-8")
    assert set(re.findall(r"\]\((\w+)\.md\)", index)) == pages


@pytest.mark.parametrize("name", sorted({each["alert"] for each in alerts()}))
def test_a_page_says_what_is_the_matter_where_to_look_and_what_to_do(name: str) -> None:
    text = (RUNBOOKS / f"{name}.md").read_text(encoding="utf-8")
    assert text.startswith(f"# {name}\n")
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == SECTIONS


def test_the_operators_rules_are_written_from_the_files() -> None:
    written = monitoring.OPERATOR.read_text(encoding="utf-8")
    assert written == monitoring.render(), "make render"
    specs = [each["spec"] for each in documents(monitoring.OPERATOR)]
    assert specs == [document for path in rule_files() for document in documents(path)]


def monitored() -> Iterator[tuple[str, dict[str, str], str]]:
    """Give kind, selector and port of each monitor of gpuclass' own."""
    for each in documents(FOLDER / "monitors.yaml"):
        spec = each["spec"]
        labels = spec["selector"]["matchLabels"]
        for endpoint in spec.get("endpoints") or spec["podMetricsEndpoints"]:
            if labels["app.kubernetes.io/name"] == "gpuclass":
                assert spec["namespaceSelector"] == {"matchNames": ["gpuclass-system"]}
                yield each["kind"], labels, endpoint["port"]


def test_monitors_select_what_the_base_has_by_the_port_of_its_metrics() -> None:
    base = [each for path in (ROOT / "deploy/base").glob("*.yaml") for each in documents(path)]

    def has(labels: dict[str, str], wanted: dict[str, str]) -> bool:
        return wanted.items() <= labels.items()

    found = []
    for kind, labels, port in monitored():
        if kind == "ServiceMonitor":
            (service,) = [
                each
                for each in base
                if each["kind"] == "Service" and has(each["metadata"]["labels"], labels)
            ]
            ports = {each["name"] for each in service["spec"]["ports"]}
            found.append(service["metadata"]["name"])
        else:
            (template,) = [
                each["spec"]["template"]
                for each in base
                if each["kind"] == "Deployment"
                and has(each["spec"]["template"]["metadata"]["labels"], labels)
            ]
            (container,) = template["spec"]["containers"]
            ports = {each["name"] for each in container["ports"]}
            found.append(template["spec"]["serviceAccountName"])
        assert port in ports
    assert found == [*PROGRAMS]


@pytest.mark.cluster
def test_kustomize_builds_both_variants_of_the_same_rules(binaries: Binaries) -> None:
    operator, plain = build(binaries, FOLDER), build(binaries, FOLDER / "plain")
    files = plain["ConfigMap", "gpuclass-rules"]["data"]
    assert {name: yaml.safe_load(text) for name, text in files.items()} == {
        path.name: documents(path)[0] for path in rule_files()
    }
    for name, text in files.items():
        rule = operator["PrometheusRule", f"gpuclass-{name.removesuffix('.rules.yaml')}"]
        assert rule["spec"] == yaml.safe_load(text)
    for each in (*operator.values(), *plain.values()):
        assert each["metadata"]["namespace"] == "monitoring"
        assert each["metadata"]["labels"]["app.kubernetes.io/part-of"] == "gpuclass"


@pytest.mark.cluster
def test_objects_of_the_operators_kinds_have_its_fields(binaries: Binaries) -> None:
    try:
        program = OPERATOR.build(lambda _: None)
    except BinariesUnavailable as reason:
        pytest.skip(str(reason))
    objects = [*build(binaries, FOLDER).values()]
    kinds = [each for each in objects if each["apiVersion"] == "monitoring.coreos.com/v1"]
    assert {each["kind"] for each in kinds} == {"PodMonitor", "PrometheusRule", "ServiceMonitor"}
    assert faults(program, kinds) == ["ok"] * len(kinds)
    text = (OPERATOR.program.module / "go.mod").read_text(encoding="utf-8")
    assert f"pkg/apis/monitoring v{OPERATOR.version}\n" in text
    misspelt = {**kinds[0], "spec": {"selctor": {}}}
    assert faults(program, [misspelt]) == ['json: unknown field "selctor"']


@pytest.mark.cluster
def test_the_overlay_of_the_page_has_the_port_of_the_metrics_scraped(
    binaries: Binaries, tmp_path: Path
) -> None:
    page = (ROOT / "docs" / "monitoring.md").read_text(encoding="utf-8")
    (sample,) = (each for each in SAMPLE.findall(page) if "components:" in each)
    for part in ("base", "crds", "monitoring"):
        shutil.copytree(ROOT / "deploy" / part, tmp_path / part)
    overlay = tmp_path / "overlays" / "mine"
    overlay.mkdir(parents=True)
    (overlay / "kustomization.yaml").write_text(sample, encoding="utf-8")
    built = build(binaries, overlay)
    for name in PROGRAMS:
        template = built["Deployment", name]["spec"]["template"]
        (container,) = template["spec"]["containers"]
        (port,) = (
            each["containerPort"] for each in container["ports"] if each["name"] == "metrics"
        )
        annotations = template["metadata"]["annotations"]
        assert annotations["kubectl.kubernetes.io/default-container"] == container["name"]
        assert {key: value for key, value in annotations.items() if "prometheus" in key} == {
            "prometheus.io/scrape": "true",
            "prometheus.io/port": str(port),
            "prometheus.io/path": "/metrics",
        }


def test_the_page_names_every_record_and_what_dcgm_exports() -> None:
    text = (ROOT / "docs" / "monitoring.md").read_text(encoding="utf-8")
    names = set(re.findall(r"`(gpuclass:\w+:\w+)`", text))
    names |= {
        f"{prefix}:{end}" for prefix, end in re.findall(r"`(gpuclass:\w+):\w+`, `:(\w+)`", text)
    }
    assert names == recorded() - recorded(PROMISES)
    known = exported()
    for line in text.splitlines():
        strange = set(re.findall(r"DCGM_\w+", line)) - set(known)
        assert not strange or "off by default" in line, strange
