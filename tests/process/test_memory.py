"""Memory that is free is given back where much was taken, and now and then where not."""

from pathlib import Path

import pytest

from webhook.process.memory import GROWN_BYTES, PAUSE_SECONDS, Memory, resident

BEFORE = 50 * 1024 * 1024


class Machine:
    """What a process has in memory, the time, and what looks after the one by the other."""

    def __init__(self) -> None:
        """Begin with a first look."""
        self.held, self.now = BEFORE, 0.0
        self.trimmed: list[int] = []
        self._memory = Memory(self._trim, lambda: self.held, lambda: self.now)
        assert self.gives_back()

    def _trim(self, pad: int) -> int:
        self.trimmed.append(pad)
        return 1

    def gives_back(self) -> bool:
        """Look, and tell whether something was given back."""
        before = len(self.trimmed)
        self._memory.look()
        return len(self.trimmed) > before


@pytest.fixture
def machine() -> Machine:
    return Machine()


def test_where_much_was_taken_it_is_given_back_at_once(machine: Machine) -> None:
    machine.held += GROWN_BYTES
    assert machine.gives_back()
    assert not machine.gives_back()
    assert machine.trimmed == [0, 0]


def test_where_little_was_taken_it_is_given_back_after_a_while(machine: Machine) -> None:
    machine.held += GROWN_BYTES - 1
    machine.now = PAUSE_SECONDS - 0.1
    assert not machine.gives_back()
    machine.now = PAUSE_SECONDS
    assert machine.gives_back()


def test_where_nothing_can_be_read_it_goes_by_the_time_alone(machine: Machine) -> None:
    machine.held = resident(Path("/nowhere"))
    assert machine.held == 0
    assert not machine.gives_back()
    machine.now = PAUSE_SECONDS
    assert machine.gives_back()


def test_where_the_c_library_can_not_nothing_is_done() -> None:
    Memory(None).look()


def test_this_process_has_some_memory() -> None:
    assert resident() > 1024 * 1024
