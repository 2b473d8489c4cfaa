"""What is refused of heads that the parser takes: what a proxy before us may have read otherwise.

Where two disagree about the end of a request, its rest is somebody else's next one (RFC 9112 11.2).
The parser (llhttp, strict) refuses two lengths, a length beside chunks, folded lines, bare CR and
LF, spaces before colons, and what is no number. Here is what it lets pass.
"""

from httptools import HttpParserInvalidURLError, HttpRequestParser, parse_url

from webhook.core.text import shown
from webhook.serve.asgi import Headers
from webhook.serve.cut import HttpError

_VERSIONS = frozenset({"1.0", "1.1"})


def check(parser: HttpRequestParser, headers: Headers) -> None:
    """Raise HttpError for a head that is ambiguous, or asks for what we do not speak."""
    version = parser.get_http_version()
    hosts = [value for name, value in headers if name == b"host"]
    codings = [value for name, value in headers if name == b"transfer-encoding"]
    has_body = bool(codings) or any(name == b"content-length" for name, _ in headers)
    _check_version(version)
    _check_host(version, len(hosts))
    _check_codings(version, codings)
    if parser.should_upgrade() and (has_body or parser.get_method() == b"CONNECT"):
        raise HttpError(400, "what follows the head is another protocol: expected HTTP/1.1")


def check_target(url: bytes) -> None:
    """Raise HttpError for a URL in which no path is found: `http://host` (RFC 9112 3.2)."""
    try:
        path = parse_url(url).path
    except HttpParserInvalidURLError:
        path = None
    if path is None:
        raise HttpError(400, f"URL {_text(url)}: expected a path")


def _check_version(version: str) -> None:
    if version not in _VERSIONS:
        raise HttpError(505, f"HTTP/{version}: expected HTTP/1.1")


def _check_host(version: str, count: int) -> None:
    """Hold a request to the one Host that it has to have (RFC 9112 3.2)."""
    if count > 1 or (count == 0 and version == "1.1"):
        raise HttpError(400, f"header Host: {count} of them, expected one")


def _check_codings(version: str, codings: list[bytes]) -> None:
    """Take no coding but `chunked`, and none of HTTP/1.0, which knows none (RFC 9112 6.1)."""
    if codings and version == "1.0":
        raise HttpError(400, "header Transfer-Encoding: HTTP/1.0 has none")
    for each in codings:
        if each.strip().lower() != b"chunked":
            raise HttpError(501, f"header Transfer-Encoding: {_text(each)}, expected chunked")


def _text(value: bytes) -> str:
    return shown(value.decode("latin-1"), 100)
