"""The benchmark of memory: what it makes, and what it reads of processes."""

import json
from pathlib import Path

import msgspec
import pytest

from benchmarks.memory import LABELS, held, namespace, node, report
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
    assert report({"empty": 86.6, "full": 97.0}) == (
        "memory of a replica, both processes; the limit is 150 MiB\n"
        "empty                   86.6 MiB\n"
        "full                    97.0 MiB\n"
    )
