"""Requests that two programs may read in two ways, or that are none.

A proxy before us that disagreed about where one ends would take its rest for the next request,
somebody else's (RFC 9112 11.2).
"""

import re
from typing import NamedTuple

from tests.serve import reviews
from webhook.serve.cut import Cut

BODY = reviews.body("injected")
SIZE = b"%d" % len(BODY)
START = b"POST /mutate HTTP/1.1\r\n"
TYPE = b"content-type: application/json\r\n"
HEAD = START + b"host: a\r\n" + TYPE
LENGTH = b"content-length: " + SIZE + b"\r\n"
CHUNKED = b"transfer-encoding: chunked\r\n"
CHUNK = b"%x\r\n%s\r\n" % (len(BODY), BODY)
CHUNKS = CHUNK + b"0\r\n\r\n"
HONEST = HEAD + LENGTH + b"\r\n" + BODY
LAST = HEAD + b"connection: close\r\n" + LENGTH + b"\r\n" + BODY
HIDDEN = HEAD + b"content-length: 0\r\n\r\n"
"""What a smuggler wants to be taken for a request."""


def coded(value: bytes, version: bytes = b"1.1") -> bytes:
    """Give a review in chunks whose Transfer-Encoding is `value`."""
    head = HEAD.replace(b"1.1", version) + b"transfer-encoding:" + value + b"\r\n\r\n"
    return head + CHUNKS


def sized(value: bytes) -> bytes:
    """Give a review whose Content-Length is `value`."""
    return HEAD + b"content-length:" + value + b"\r\n\r\n" + BODY


def chunked(chunks: bytes) -> bytes:
    """Give a review of these chunks."""
    return HEAD + CHUNKED + b"\r\n" + chunks


def with_header(line: bytes) -> bytes:
    """Give a review with one more line in its head."""
    return HEAD + line + LENGTH + b"\r\n" + BODY


def statuses(received: bytes) -> tuple[int, ...]:
    """Give the statuses of answers."""
    return tuple(int(each) for each in re.findall(rb"HTTP/1\.1 (\d{3}) ", received))


def no_http(reason: str) -> str:
    """Give the message of what the parser does not take."""
    return f"no request as HTTP/1.1 has it: {reason}"


class Refused(NamedTuple):
    """One answer, with this message; the connection ends."""

    message: str
    status: int = 400
    cut: Cut = Cut.MALFORMED
    ends: bool = True

    @property
    def statuses(self) -> tuple[int, ...]:
        """Give the statuses of all answers."""
        return (self.status,)


class Taken(NamedTuple):
    """These answers in this order, so many decisions; the connection goes on, or `ends`."""

    statuses: tuple[int, ...] = (200,)
    decided: int = 1
    ends: bool = False


REFUSED = {
    # Where the body ends (RFC 9112 6.3).
    "length and chunks": (
        HEAD + LENGTH + CHUNKED + b"\r\n" + CHUNKS,
        no_http("Transfer-Encoding can't be present with Content-Length"),
    ),
    "chunks and length": (
        HEAD + CHUNKED + LENGTH + b"\r\n" + CHUNKS,
        no_http("Content-Length can't be present with Transfer-Encoding"),
    ),
    "two lengths": (
        HEAD + LENGTH + b"content-length: 1\r\n\r\n" + BODY,
        no_http("Duplicate Content-Length"),
    ),
    "a length twice": (
        HEAD + LENGTH + LENGTH + b"\r\n" + BODY,
        no_http("Duplicate Content-Length"),
    ),
    "a list of lengths": (
        sized(b" %s, %s" % (SIZE, SIZE)),
        no_http("Invalid character in Content-Length"),
    ),
    "a negative length": (sized(b" -5"), no_http("Invalid character in Content-Length")),
    "a length with a sign": (sized(b" +5"), no_http("Invalid character in Content-Length")),
    "a length with a space": (sized(b" 5 5"), no_http("Invalid character in Content-Length")),
    "a hexadecimal length": (sized(b" 0x5"), no_http("Invalid character in Content-Length")),
    "a length of more than 64 bits": (
        sized(b" %d" % (2**64 + len(BODY))),
        no_http("Content-Length overflow"),
    ),
    "no length": (sized(b""), no_http("Empty Content-Length")),
    "a folded length": (sized(b"\r\n " + SIZE), no_http("Invalid header value char")),
    "chunks and then identity": (
        coded(b" chunked, identity"),
        no_http("Invalid `Transfer-Encoding` header value"),
    ),
    "chunks twice": (
        HEAD + CHUNKED + CHUNKED + b"\r\n" + CHUNKS,
        no_http("Invalid `Transfer-Encoding` header value"),
    ),
    "a folded coding": (coded(b"\r\n chunked"), no_http("Invalid header value char")),
    "an unprintable coding": (coded(b" \x0bchunked"), no_http("Invalid header value char")),
    "no coding": (coded(b""), no_http("Empty Transfer-Encoding")),
    "chunks in HTTP/1.0": (
        coded(b" chunked", b"1.0"),
        "header Transfer-Encoding: HTTP/1.0 has none",
    ),
    # Where a line ends, and where a name does.
    "bare LF everywhere": (
        HONEST.replace(b"\r\n", b"\n"),
        no_http("Expected CRLF after version"),
    ),
    "bare LF after a header": (
        with_header(b"x: a\n"),
        no_http("Missing expected CR after header value"),
    ),
    "bare LF after the head": (
        HEAD + LENGTH + b"\n" + BODY,
        no_http("Invalid header field char"),
    ),
    "bare CR in a value": (
        with_header(b"x: a\rtransfer-encoding: chunked\r\n"),
        no_http("Missing expected LF after header value"),
    ),
    "NUL in a value": (with_header(b"x: a\x00\r\n"), no_http("Invalid header value char")),
    "NUL in a name": (with_header(b"x\x00: a\r\n"), no_http("Invalid header token")),
    "a space before the colon": (
        with_header(b"transfer-encoding : chunked\r\n"),
        no_http("Invalid header field char"),
    ),
    "a name with a space before the colon": (
        with_header(b"x : a\r\n"),
        no_http("Invalid header token"),
    ),
    "a folded header": (
        with_header(b"x: a\r\n b\r\n"),
        no_http("Unexpected whitespace after header value"),
    ),
    "a folded first line": (
        START + b" host: a\r\n" + LENGTH + b"\r\n" + BODY,
        no_http("Unexpected space after start line"),
    ),
    # Chunks.
    "a chunk of more than 64 bits": (
        chunked(b"1000000000000000%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)),
        no_http("Chunk size overflow"),
    ),
    "a negative chunk": (chunked(b"-" + CHUNKS), no_http("Invalid character in chunk size")),
    "a chunk of 0x": (chunked(b"0x" + CHUNKS), no_http("Invalid character in chunk size")),
    "a space after a size": (
        chunked(CHUNKS.replace(b"\r", b" \r", 1)),
        no_http("Invalid character in chunk size"),
    ),
    "bare LF after a size": (
        chunked(CHUNKS.replace(b"\r\n", b"\n")),
        no_http("Missing expected CR after chunk size"),
    ),
    "bare LF in an extension": (
        chunked(b"%x;a\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)),
        no_http("Missing expected CR after chunk extension name"),
    ),
    "a chunk that is longer than it says": (
        chunked(CHUNK[:-2] + b"xx0\r\n\r\n"),
        no_http("Expected LF after chunk data"),
    ),
    "a length among trailers": (
        chunked(CHUNK + b"0\r\ncontent-length: 5\r\n\r\n" + HIDDEN),
        no_http("Content-Length can't be present with Transfer-Encoding"),
    ),
    # Whom it is for, and in what protocol.
    "no Host": (
        START + TYPE + LENGTH + b"\r\n" + BODY,
        "header Host: 0 of them, expected one",
    ),
    "two Hosts": (with_header(b"host: b\r\n"), "header Host: 2 of them, expected one"),
    "two Hosts in HTTP/1.0": (
        with_header(b"host: a\r\n").replace(b"1.1", b"1.0"),
        "header Host: 2 of them, expected one",
    ),
    "a URL without a path": (
        HONEST.replace(b"/mutate", b"http://a"),
        "URL http://a: expected a path",
    ),
    "a URL that is none": (
        HONEST.replace(b"/mutate", b"http://a@b@c/mutate"),
        "URL http://a@b@c/mutate: expected a path",
    ),
    "CONNECT": (
        b"CONNECT a:443 HTTP/1.1\r\nhost: a\r\n\r\n" + HONEST,
        "what follows the head is another protocol: expected HTTP/1.1",
    ),
    "an upgrade to h2c with a body": (
        HEAD + b"connection: upgrade\r\nupgrade: h2c\r\n" + LENGTH + b"\r\n" + HONEST,
        "what follows the head is another protocol: expected HTTP/1.1",
    ),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", no_http("Pause on PRI/Upgrade")),
    "HTTP/1.2": (HONEST.replace(b"1.1", b"1.2"), no_http("Invalid HTTP version")),
    "a method in small letters": (
        HONEST.replace(b"POST", b"post"),
        no_http("Invalid method encountered"),
    ),
}
"""Bytes and the message of their refusal: 400, and the connection ends."""

UNKNOWN = {
    "identity": (coded(b" identity"), "header Transfer-Encoding: identity, expected chunked", 501),
    "xchunked": (coded(b" xchunked"), "header Transfer-Encoding: xchunked, expected chunked", 501),
    "chunks of gzip": (
        coded(b" gzip, chunked"),
        "header Transfer-Encoding: gzip, chunked, expected chunked",
        501,
    ),
    "HTTP/2 in a line": (
        HONEST.replace(b"1.1", b"2.0"),
        "HTTP/2.0: expected HTTP/1.1",
        505,
    ),
    "HTTP/0.9 in a line": (HONEST.replace(b"1.1", b"0.9"), "HTTP/0.9: expected HTTP/1.1", 505),
    "HTTP/0.9": (b"GET /livez\r\n\r\n", "HTTP/0.9: expected HTTP/1.1", 505),
}
"""Likewise with the status for what we do not speak."""

TAKEN = {
    "chunks": (chunked(CHUNKS), Taken()),
    "CHUNKED": (coded(b"\tCHUNKED "), Taken()),
    "a length between tabs": (sized(b"\t00" + SIZE + b"\t"), Taken()),
    "a chunk with an extension": (
        chunked(b"%x;a=b\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)),
        Taken(),
    ),
    "trailers that would be headers": (
        chunked(CHUNK + b"0\r\nhost: b\r\ncontent-type: text/plain\r\n\r\n"),
        Taken(),
    ),
    "trailers that would be headers, through ASGI": (
        chunked(CHUNK + b"0\r\nhost: b\r\ncontent-type: text/plain\r\n\r\n").replace(
            b"/mutate", b"/mut%61te"
        ),
        Taken(),
    ),
    "a trailer that ends the connection": (
        chunked(CHUNK + b"0\r\nconnection: close\r\n\r\n") + HONEST,
        Taken(ends=True),
    ),
    "a trailer that ends the connection, through ASGI": (
        chunked(CHUNK + b"0\r\nconnection: close\r\n\r\n").replace(b"/mutate", b"/mut%61te")
        + HONEST,
        Taken(ends=True),
    ),
    "a review without a body": (
        HEAD + b"\r\n" + HONEST,
        Taken((400, 200)),
    ),
    "an absolute URL": (HONEST.replace(b"/mutate", b"https://b/mutate"), Taken()),
    "GET with a request in its body": (
        b"GET /mutate HTTP/1.1\r\nhost: a\r\ncontent-length: %d\r\n\r\n" % len(HIDDEN) + HIDDEN,
        Taken((405,), 0),
    ),
    "TRACE": (b"TRACE /mutate HTTP/1.1\r\nhost: a\r\ncookie: a\r\n\r\n", Taken((405,), 0)),
    "an upgrade that is not meant for us": (
        with_header(b"upgrade: h2c\r\n"),
        Taken(),
    ),
    "an upgrade to h2c": (
        b"GET /mutate HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n" + HONEST,
        Taken((405,), 0, ends=True),
    ),
    "HTTP/1.0": (
        HONEST.replace(b"1.1", b"1.0").replace(b"host: a\r\n", b"") + HONEST,
        Taken(ends=True),
    ),
    "HTTP/1.0 that would go on": (
        with_header(b"connection: keep-alive\r\n").replace(b"1.1", b"1.0") + HONEST,
        Taken(ends=True),
    ),
    "100-continue": (with_header(b"expect: 100-continue\r\n"), Taken((100, 200))),
}
"""Bytes, and what is answered."""

LARGE = {
    "a URL of 100 KB": (
        HONEST.replace(b"mutate", 100_000 * b"a"),
        Refused("the head has more than 32768 bytes or 100 headers", 431, Cut.OVERSIZE),
    ),
    "a flood of small extensions": (
        chunked(120 * (b"1;" + 1000 * b"a" + b"\r\n \r\n")),
        Refused("the body is larger than 9000 bytes", 413, Cut.OVERSIZE),
    ),
}
"""Over TLS alone: TCP that is closed over what is not read resets, and loses the answer."""

SHAPES: dict[str, tuple[bytes, Refused | Taken]] = {
    **{name: (sent, Refused(message)) for name, (sent, message) in REFUSED.items()},
    **{name: (sent, Refused(message, status)) for name, (sent, message, status) in UNKNOWN.items()},
    **TAKEN,
}
