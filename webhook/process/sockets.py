"""Sockets to listen on, or one line that says why not.

They are bound here and handed to gunicorn as file descriptors: gunicorn itself tries a port five
times and then ends without a reason that a person could act on.
"""

import errno
import socket
from collections.abc import Sequence
from contextlib import ExitStack

from webhook.core.errors import OperatorError
from webhook.process.settings import Address

BACKLOG = 2048
RECEIVE_BYTES = 32 * 1024
"""What the kernel is asked to keep of a connection's bytes: a read brings no more than a few times
that, and TLS keeps a connection's buffers as large as its largest read was."""


def listen(addresses: Sequence[Address]) -> list[socket.socket]:
    """Listen on every address; raise OperatorError for the first that can not be."""
    with ExitStack() as opened:
        sockets = [opened.enter_context(_listen(address)) for address in addresses]
        opened.pop_all()
    return sockets


def address_of(listening: socket.socket) -> Address:
    """Give where a socket listens: the port that was found for port 0."""
    host, port, *_ = listening.getsockname()
    return Address(host=host, port=port)


def _listen(address: Address) -> socket.socket:
    try:
        family, kind, protocol, _, name = socket.getaddrinfo(
            address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listening = socket.socket(family, kind, protocol)
    except OSError as error:
        raise OperatorError(f"can not listen on {address}: {error.strerror}") from error
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BYTES)
        listening.bind(name)
        listening.listen(BACKLOG)
    except OSError as error:
        listening.close()
        raise OperatorError(f"can not listen on {address}: {_reason(error)}") from error
    return listening


def _reason(error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            "another program listens there; "
            "end it, or choose other ports by --bind and --metrics-bind"
        )
    if error.errno in (errno.EACCES, errno.EPERM):
        return "ports below 1024 need privileges; choose another by --bind or --metrics-bind"
    if error.errno == errno.EADDRNOTAVAIL:
        return "this machine has no such address; --bind and --metrics-bind choose others"
    return error.strerror or str(error)
