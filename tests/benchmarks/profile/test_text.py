"""Profiles as tables; the page has the table of the last run."""

from dataclasses import replace

from benchmarks import page
from benchmarks.page import DOCS
from benchmarks.profile.__main__ import COMMAND
from benchmarks.profile.stacks import PARTS
from benchmarks.profile.text import TOP, Profile, functions, parts, render

PROFILE = Profile(
    name="this tree",
    samples=2000,
    cpu_us=200.4,
    others=0.01,
    parts={part: number / 20 for number, part in enumerate(PARTS, start=1)},
    functions={f"f{number} (a.py)": (40 - number) / 1000 for number in range(40)},
)


def test_each_part_has_its_share_and_its_time() -> None:
    found = parts([replace(PROFILE, name="abc", cpu_us=400), PROFILE], "2026-01-02")
    lines = found.splitlines()
    assert lines[0] == "2026-01-02; 16 connections; samples: abc 2,000, this tree 2,000."
    assert lines[1] == ""
    assert [each.strip() for each in lines[4].strip("|").split("|")] == [
        "reading and writing the AdmissionReview",
        "5%",
        "20",
        "5%",
        "10",
    ]
    assert [each.strip() for each in lines[-1].strip("|").split("|")] == [
        "all",
        "100%",
        "400",
        "100%",
        "200",
    ]


def test_a_busy_machine_is_told() -> None:
    found = parts([replace(PROFILE, others=0.4), PROFILE], "2026-01-02")
    assert found.splitlines()[1] == "Other programs used up to 40% of the server's core."


def test_the_greatest_functions_are_named() -> None:
    lines = functions(PROFILE).splitlines()
    assert len(lines) == TOP + 2
    assert lines[2] == "| f0 (a.py)             |      4.0% |"


def test_the_page_has_the_table_of_the_last_run() -> None:
    whole = (DOCS / "benchmarks" / "profile.txt").read_text(encoding="utf-8")
    text = (DOCS / "benchmarks.md").read_text(encoding="utf-8")
    table, _, _ = whole.partition("\n\n| function of ")
    assert page.insert(text, COMMAND, table) == text


def test_a_file_begins_with_what_the_page_has() -> None:
    whole = render([PROFILE], "2026-01-02")
    assert whole == f"{parts([PROFILE], '2026-01-02')}\n\n{functions(PROFILE)}\n"
