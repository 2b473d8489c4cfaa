"""Asking a program whether it is ready, by its plain port."""

import http.client
import json
from typing import Any


def is_ready(port: int, path: str = "/readyz") -> bool:
    """Tell whether its health endpoint says ok; a refused connection is a no."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def report(port: int) -> dict[str, Any]:
    """Give all that /readyz tells, ready or not."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET", "/readyz?verbose")
        found: dict[str, Any] = json.loads(connection.getresponse().read())
        return found
    finally:
        connection.close()
