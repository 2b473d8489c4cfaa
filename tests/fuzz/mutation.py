"""Spoiling bytes: a few random edits of real input, some with words that readers stumble over."""

from collections.abc import Sequence
from random import Random

MOST_EDITS = 8
LONGEST_PIECE = 40
DEEP = 3_000

WORDS: tuple[bytes, ...] = (
    *(
        b"null",
        b"true",
        b"{}",
        b"[]",
        b'""',
        b"0",
        b"-1",
        b"1e999",
        b"99999999999999999999",
        b"NaN",
    ),
    *(b"\\ud800", b"\xff\xfe", b"\x00", b"\xc2\x85", b"&a ", b"*a", b"<<: ", b"!!int ", b"---\n"),
    *(b"\t", b"? ", b"?", b"|#", b"\xef\xbb\xbf", b"- ", b": ", b"\r", b" #"),
    *(b'"operator":"Exists"', b'"operator":"Gt"', b'"key":""', b'"effect":""', b'"UPDATE"'),
    *(b'"tolerations":[{"operator":"Exists"}]', b'"nodeName":"training-1"', b'"nodeSelector":null'),
    *(b'"nvidia.com/gpu"', b'"Deployment"', b'"gpuclass.io/injected":"{}"', b'"kube-system"'),
    *(b"[" * DEEP, b'{"a":' * DEEP),
)


def mutate(chance: Random, inputs: Sequence[bytes]) -> bytes:
    """Give one of the inputs with one to several edits."""
    content = bytearray(chance.choice(inputs))
    for _ in range(chance.randint(1, MOST_EDITS)):
        chance.choice(_EDITS)(chance, content, inputs)
    return bytes(content)


def _place(chance: Random, content: bytearray) -> tuple[int, int]:
    """Give the beginning and the end of a short piece."""
    begin = chance.randint(0, len(content))
    return begin, min(len(content), begin + chance.randint(0, LONGEST_PIECE))


def _remove(chance: Random, content: bytearray, _: Sequence[bytes]) -> None:
    begin, end = _place(chance, content)
    del content[begin:end]


def _repeat(chance: Random, content: bytearray, _: Sequence[bytes]) -> None:
    begin, end = _place(chance, content)
    content[begin:begin] = content[begin:end]


def _overwrite(chance: Random, content: bytearray, _: Sequence[bytes]) -> None:
    begin, end = _place(chance, content)
    content[begin:end] = chance.randbytes(chance.randint(0, 3))


def _insert(chance: Random, content: bytearray, _: Sequence[bytes]) -> None:
    begin, end = _place(chance, content)
    content[begin : chance.choice((begin, end))] = chance.choice(WORDS)


def _value(chance: Random, content: bytearray, _: Sequence[bytes]) -> None:
    """Put a word in the place of what follows a colon."""
    colons = [index for index, byte in enumerate(content) if byte == ord(":")]
    if not colons:
        return
    begin = chance.choice(colons) + 1
    ends = (content.find(each, begin + 1) for each in (b",", b"}", b"]", b"\n"))
    end = min((each for each in ends if each > 0), default=len(content))
    content[begin:end] = chance.choice(WORDS)


def _splice(chance: Random, content: bytearray, inputs: Sequence[bytes]) -> None:
    """Put a piece of another input in."""
    other = bytearray(chance.choice(inputs))
    begin = chance.randint(0, len(other))
    place = chance.randint(0, len(content))
    content[place:place] = other[begin : begin + chance.randint(1, 8 * LONGEST_PIECE)]


_EDITS = (_remove, _repeat, _overwrite, _insert, _value, _value, _splice)
