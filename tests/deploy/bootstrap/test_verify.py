"""`verify` is `gpuclass verify`, found as the other scripts find the command."""

import pytest

from tests.deploy.bootstrap.bench import Bench


@pytest.mark.parametrize("code", [0, 1, 2])
def test_its_flags_and_its_exit_code_are_those_of_the_command(bench: Bench, code: int) -> None:
    command = bench.put("gpuclass", f'#!/bin/sh\necho "$@"\nexit {code}\n')
    ran = bench.run("verify", "--context", "kind-c", "-o", "json", GPUCLASS=str(command))
    assert (ran.code, ran.out, ran.err) == (code, "verify --context kind-c -o json\n", "")


def test_the_command_on_path_is_taken_where_none_is_named(bench: Bench) -> None:
    bench.put("gpuclass", '#!/bin/sh\necho "of PATH: $@"\n')
    assert bench.run("verify", GPUCLASS="/nonexistent").out == "of PATH: verify\n"


def test_without_the_command_it_says_what_to_do(bench: Bench) -> None:
    ran = bench.run("verify", GPUCLASS="/nonexistent")
    assert ran.code == 1
    assert ran.err.startswith(
        "verify: there is no gpuclass command\n  next: make .venv/runtime in "
    )


def test_a_dry_run_shows_the_command(bench: Bench) -> None:
    ran = bench.run("verify", "--context", "kind-c", "--dry-run", GPUCLASS="/nonexistent")
    assert (ran.code, ran.out) == (0, "+ gpuclass verify --context kind-c\n")
