"""Sockets, or one line that says why not."""

import errno
import socket

import pytest

from webhook.core.errors import OperatorError
from webhook.process import sockets
from webhook.process.settings import Address

LOOPBACK = Address(host="127.0.0.1", port=0)


def test_every_address_is_listened_on() -> None:
    listening = sockets.listen((LOOPBACK, LOOPBACK))
    ports = {sockets.address_of(each).port for each in listening}
    assert len(ports) == 2
    assert 0 not in ports
    for each in listening:
        each.close()


def test_a_taken_port_is_said_and_nothing_stays_open() -> None:
    (taken,) = sockets.listen((LOOPBACK,))
    address = sockets.address_of(taken)
    with pytest.raises(OperatorError) as refused:
        sockets.listen((LOOPBACK, address))
    assert str(refused.value) == (
        f"can not listen on {address}: another program listens there; "
        "end it, or choose other ports by --bind and --metrics-bind"
    )
    taken.close()


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (errno.EACCES, "ports below 1024 need privileges; choose another by --bind or "),
        (errno.EADDRNOTAVAIL, "this machine has no such address; --bind and --metrics-bind choose"),
        (errno.ENETDOWN, "Network is down"),
    ],
)
def test_what_the_system_refuses_is_said_with_what_to_do(
    number: int, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(number, "Network is down")

    monkeypatch.setattr(socket.socket, "bind", refuse)
    with pytest.raises(OperatorError, match=reason):
        sockets.listen((LOOPBACK,))


def test_a_host_that_nobody_knows_is_said() -> None:
    with pytest.raises(OperatorError, match=r"can not listen on no\.invalid:1: "):
        sockets.listen((Address(host="no.invalid", port=1),))
