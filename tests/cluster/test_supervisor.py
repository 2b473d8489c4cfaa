"""Starting, failing and ending, with small programs instead of a control plane."""

import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.guardian import left_over
from tests.cluster.process import PORTS, WORKERS, ComponentFailed, free_ports, own_ports
from tests.cluster.supervisor import Launch, Supervisor

LISTEN = """
import os, signal, socket, sys
def note(what):
    with open(sys.argv[1], "a") as notes:
        notes.write(f"{what} {os.getpid()}\\n")
# From now on it waits for its turn: no moment in which it ends without a note, or not at all.
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
note("started")
listening = socket.create_server(("127.0.0.1", int(sys.argv[2])))
signal.sigwait([signal.SIGTERM])
note("ended")
"""


@pytest.fixture
def supervisor() -> Iterator[Supervisor]:
    made = Supervisor("gpuclass-test-", {"PATH": os.defpath})
    yield made
    made.stop()


def answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def listener(name: str, notes: Path) -> Launch:
    """Describe a program that listens, and notes its start and its end."""
    command = [sys.executable, "-c", LISTEN, str(notes)]
    return Launch(
        name=name,
        ports=1,
        command=lambda ports: [*command, *map(str, ports)],
        is_ready=answers,
    )


def test_programs_end_in_the_reverse_order(supervisor: Supervisor, tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    supervisor.start(listener("first", notes))
    supervisor.start(listener("second", notes))
    first, second = supervisor.pids["first"], supervisor.pids["second"]
    supervisor.stop()
    supervisor.stop()
    lines = notes.read_text(encoding="utf-8").splitlines()
    assert lines == [f"started {first}", f"started {second}", f"ended {second}", f"ended {first}"]
    assert not supervisor.folder.exists()


def test_a_port_that_was_taken_in_between_is_tried_once_more(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    taken = socket.create_server(("127.0.0.1", free_ports(1)[0]))
    tries: list[list[int]] = []
    launch = listener("unlucky", tmp_path / "notes")

    def command(ports: list[int]) -> list[str]:
        tries.append(ports)
        return launch.command([taken.getsockname()[1]] if len(tries) == 1 else ports)

    with taken:
        port = supervisor.start(
            Launch(name=launch.name, ports=1, command=command, is_ready=answers)
        )
    assert len(tries) == 2
    assert [port] == tries[1]


def test_a_program_that_fails_shows_the_end_of_its_log(supervisor: Supervisor) -> None:
    command = [sys.executable, "-c", "import sys; print('no such flag'); sys.exit(3)"]
    broken = Launch(name="broken", ports=1, command=lambda _: command, is_ready=lambda _: False)
    with pytest.raises(ComponentFailed) as caught:
        supervisor.start(broken)
    assert str(caught.value) == (
        "broken ended before it was ready; the end of its log:\nno such flag"
    )


def test_a_program_that_does_not_get_ready_is_told(
    supervisor: Supervisor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.cluster.supervisor.READY_SECONDS", 0.2)
    launch = listener("slow", tmp_path / "notes")
    with pytest.raises(ComponentFailed, match=r"slow was not ready within 0\.2 s"):
        supervisor.start(
            Launch(name="slow", ports=1, command=launch.command, is_ready=lambda _: False)
        )


def test_a_program_that_ignores_the_polite_end_is_killed(
    supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.cluster.process.STOP_SECONDS", 0.2)
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"
    launch = Launch(
        name="deaf",
        ports=1,
        command=lambda _: [sys.executable, "-c", deaf],
        is_ready=lambda _: True,
    )
    supervisor.start(launch)
    pid = supervisor.pids["deaf"]
    supervisor.stop()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_restart_keeps_the_port(supervisor: Supervisor, tmp_path: Path) -> None:
    port = supervisor.start(listener("again", tmp_path / "notes"))
    before = supervisor.pids["again"]
    supervisor.restart("again")
    assert supervisor.pids["again"] != before
    assert answers(port)


def test_no_two_workers_are_given_the_same_port() -> None:
    ranges = [own_ports({"PYTEST_XDIST_WORKER": f"gw{number}"}) for number in range(WORKERS)]
    assert sorted(port for each in ranges for port in each) == [*PORTS]
    assert own_ports({}) == PORTS


def test_the_guardian_knows_what_is_left() -> None:
    assert left_over(["+1\n", "+2\n", "-1\n", "+3\n"]) == {2, 3}
