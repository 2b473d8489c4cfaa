"""The benchmark of memory: what it makes, and what it reads of processes."""

import json
from pathlib import Path

import msgspec
import pytest

from benchmarks.memory import (
    GROWN,
    IDLE,
    LABELS,
    LISTED,
    broken,
    held,
    namespace,
    node,
    report,
)
from tests.benchmarks.test_usage import task
from webhook.watch.objects import read_namespace, read_node


def test_nodes_are_as_large_as_in_clouds_and_are_kept_small() -> None:
    text = json.dumps(node(7))
    assert 8_000 < len(text) < 16_000
    kept = read_node(msgspec.Raw(text.encode()))
    assert (len(kept.labels), len(kept.taints)) == (LABELS, 1)


def test_namespaces_carry_what_tools_leave() -> None:
    assert len(read_namespace(msgspec.Raw(json.dumps(namespace(7)).encode()))) == 4


def test_memory_that_processes_share_counts_once(tmp_path: Path) -> None:
    task(tmp_path, 1, 1, "2 ", "")
    task(tmp_path, 2, 2, "", "")
    for pid, kilobytes in ((1, 10_240), (2, 51_200)):
        lines = f"55d0-7ffc ---p 00000000 00:00 0 [rollup]\nRss: 99 kB\nPss: {kilobytes} kB\n"
        (tmp_path / str(pid) / "smaps_rollup").write_text(lines)
    assert held(1, tmp_path) == pytest.approx(60.0)


def test_the_report_has_a_line_for_each_moment() -> None:
    assert report({IDLE: 86.6, GROWN: 117.0}) == (
        "memory of a replica, both processes\n"
        "with few objects        86.6 MiB, at most 100\n"
        "watched as they came   117.0 MiB, at most 150\n"
    )


def test_what_is_above_its_limit_is_told() -> None:
    assert broken({IDLE: 100.0, GROWN: 150.0}) == ()
    assert broken({IDLE: 100.1, GROWN: 150.0, LISTED: 200}) == (
        "with few objects: 100.1 MiB, more than 100",
        "listed at its start: 200.0 MiB, more than 150",
    )
