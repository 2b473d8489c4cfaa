"""docs/slo.md says what the rules measure, and when they call somebody."""

import re

import pytest

from tests.deploy.monitoring import ROOT, RULES, Json, rules
from tests.deploy.promql import recorded

PAGE = ROOT / "docs" / "slo.md"
PROMISES = RULES / "slo.rules.yaml"
WINDOWS = ("5m", "30m", "1h", "2h", "6h", "1d", "3d", "30d")
SHARES = (
    "gpuclass:reviews_lost:ratio",
    "gpuclass:reviews_slow:ratio",
    "gpuclass:servers:none_ready_ratio",
)
BUDGETS = {
    "GpuclassReviewsLost": "0.0005",
    "GpuclassReviewsSlow": "0.01",
    "GpuclassNotReady": "0.0005",
}
PACES = {
    "critical": ("14.4", "1h", "5m", "6", "6h", "30m"),
    "warning": ("3", "1d", "2h", "1", "3d", "6h"),
}

ALERTS = [each for each in rules(PROMISES) if each.get("alert") in BUDGETS]


def test_the_page_names_what_is_recorded_and_of_which_windows() -> None:
    text = PAGE.read_text(encoding="utf-8")
    shares = {f"{share}_{window}" for share in SHARES for window in WINDOWS}
    assert recorded(PROMISES) - shares == set(re.findall(r"`(gpuclass:\w+:\w+)`", text)) - shares
    assert shares <= recorded(PROMISES)
    assert "over 5 and 30 minutes, 1, 2 and 6 hours, 1, 3 and 30 days" in " ".join(text.split())


@pytest.mark.parametrize(
    "rule", [each for each in rules(PROMISES) if "record" in each], ids=lambda rule: rule["record"]
)
def test_a_share_is_of_the_window_in_its_name(rule: Json) -> None:
    window = re.search(r"ratio_(\w+)$", rule["record"])
    if window:
        assert set(re.findall(r"\[(\w+)\]", rule["expr"])) == {window[1]}


@pytest.mark.parametrize(
    "alert", ALERTS, ids=lambda each: f"{each['alert']}-{each['labels']['severity']}"
)
def test_an_alert_goes_by_its_budget_and_the_paces_of_the_page(alert: Json) -> None:
    budget = BUDGETS[alert["alert"]]
    fast, long, short, slow, longer, shorter = PACES[alert["labels"]["severity"]]
    limits = re.findall(r"ratio_(\w+) > ((?:[\d.]+ \* )?[\d.]+)", alert["expr"])
    pace = {"1": budget}.get(slow, f"{slow} * {budget}")
    assert limits == [
        (long, f"{fast} * {budget}"),
        (short, f"{fast} * {budget}"),
        (longer, pace),
        (shorter, pace),
    ]


def test_every_budget_has_an_alert_of_each_severity() -> None:
    found = sorted((each["alert"], each["labels"]["severity"]) for each in ALERTS)
    assert found == sorted((name, severity) for name in BUDGETS for severity in PACES)


@pytest.mark.parametrize(
    ("pace", "days", "hours", "spent"),
    [("14.4", 30, 1, "2 %"), ("6", 30, 6, "5 %"), ("3", 30, 24, "10 %"), ("1", 30, 72, "10 %")],
)
def test_a_pace_spends_what_the_page_says(pace: str, days: int, hours: int, spent: str) -> None:
    assert f"{100 * float(pace) * hours / (days * 24):.0f} %" == spent
    assert re.search(
        rf"\| {spent} in .* \| ({pace} times|as it may) \|", PAGE.read_text(encoding="utf-8")
    )
