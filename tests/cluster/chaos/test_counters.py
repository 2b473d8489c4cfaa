"""Counters of three parties, and where they disagree."""

import json
from pathlib import Path

import pytest

from tests.cluster.chaos.counters import ApiServer, Counts, count
from tests.cluster.chaos.journal import Journal
from tests.cluster.chaos.load import Answer, Outcome

METRICS = """\
# HELP apiserver_admission_webhook_request_total ...
apiserver_admission_webhook_request_total{code="200",name="pods.gpuclass.io",operation="CREATE",rejected="false",type="admit"} 7
apiserver_admission_webhook_request_total{code="200",name="pods.gpuclass.io",operation="CREATE",rejected="false",type="validating"} 6
apiserver_admission_webhook_request_total{code="200",name="other",operation="CREATE",rejected="false",type="admit"} 5
apiserver_admission_webhook_rejection_count{error_type="calling_webhook_error",name="pods.gpuclass.io",operation="CREATE",rejection_code="0",type="admit"} 2
apiserver_admission_webhook_rejection_count{error_type="no_error",name="pods.gpuclass.io",operation="CREATE",rejection_code="403",type="admit"} 4
apiserver_admission_webhook_fail_open_count{name="pods.gpuclass.io",type="admit"} 3
apiserver_admission_webhook_admission_duration_seconds_bucket{name="pods.gpuclass.io",operation="CREATE",rejected="false",type="admit",le="0.005"} 4
apiserver_admission_webhook_admission_duration_seconds_bucket{name="pods.gpuclass.io",operation="CREATE",rejected="false",type="admit",le="0.025"} 6
apiserver_admission_webhook_admission_duration_seconds_bucket{name="pods.gpuclass.io",operation="CREATE",rejected="false",type="validating",le="0.025"} 9
apiserver_admission_webhook_admission_duration_seconds_count{name="pods.gpuclass.io",operation="CREATE",rejected="false",type="admit"} 8
"""  # noqa: E501 # as the API server writes them


def counts(decided: int, server: ApiServer | None, **outcomes: int) -> Counts:
    found = dict.fromkeys(Outcome, 0) | {Outcome[name]: each for name, each in outcomes.items()}
    return Counts(outcomes=found, apiserver=server, decided=decided)


def test_the_api_servers_counters_are_those_of_our_pods() -> None:
    found = ApiServer.read(METRICS)
    assert found == ApiServer(answered=7, failed=2, opened=3, timed=8, prompt=6)


def test_the_share_of_prompt_calls_is_of_those_that_came_since() -> None:
    since = ApiServer(timed=8, prompt=6).since(ApiServer(timed=4, prompt=3))
    assert since.share == 0.75
    assert ApiServer().share is None


@pytest.mark.parametrize(
    ("found", "disagreements"),
    [
        pytest.param(counts(5, ApiServer(answered=5), MADE=5), [], id="all made"),
        pytest.param(
            counts(6, ApiServer(answered=6, failed=2), MADE=5, WEBHOOK=2), [], id="two lost"
        ),
        pytest.param(
            counts(3, ApiServer(answered=3, opened=2), MADE=3, UNGOVERNED=2), [], id="two let in"
        ),
        pytest.param(counts(5, None, MADE=5, APISERVER=9), [], id="the API server restarted"),
        pytest.param(
            counts(4, ApiServer(answered=5), MADE=5),
            ["replicas decided 4 times, 5 pods got their class"],
            id="too few decisions",
        ),
        pytest.param(
            counts(7, ApiServer(answered=7, failed=1), MADE=5),
            [
                "replicas decided 7 times, 5 pods got their class",
                "the API server had 7 answers, 5 pods were made",
                "the API server counts 1 calls without an answer, "
                "0 pods were refused for want of one",
            ],
            id="more than were asked for",
        ),
    ],
)
def test_what_does_not_add_up_is_said(found: Counts, disagreements: list[str]) -> None:
    assert found.disagreements() == disagreements


def test_logs_of_killed_processes_may_lack_lines() -> None:
    assert counts(3, ApiServer(answered=5), MADE=5).disagreements(owed=2) == []


def test_only_gpu_pods_are_counted() -> None:
    answers = [
        Answer(outcome=Outcome.MADE, sent=0, seconds=1, is_gpu=each, is_kept=False)
        for each in (True, False, True)
    ]
    assert count(answers, None, 2).numbers()["client: made"] == 2


def test_a_journal_leaves_out_what_a_crash_cut_short(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "log")
    journal.path.write_text(json.dumps({"message": "a"}) + "\n", encoding="utf-8")
    place = journal.end()
    with journal.path.open("a", encoding="utf-8") as file:
        file.write('plain text\n{"message": "b"}\n{"mess')
    assert [each["message"] for each in journal.events()] == ["a", "b"]
    assert [each["message"] for each in journal.events(place)] == ["b"]
