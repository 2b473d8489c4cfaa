"""Asking a program whether it is ready, by its plain port."""

import http.client


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
