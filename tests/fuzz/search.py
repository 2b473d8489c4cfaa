"""Searching, shrinking and keeping what breaks a promise."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from random import Random

from tests.fuzz.mutation import mutate
from tests.fuzz.targets import Target

CORPUS = Path(__file__).parent / "corpus"
MOST_TRIES = 3_000
DIGITS = 12


def kept(target: Target) -> tuple[Path, ...]:
    """Give the files of what once broke a promise of a target."""
    return tuple(sorted((CORPUS / target.name).glob("*")))


def replay(target: Target) -> None:
    """Run what is kept, and the real inputs themselves."""
    for content in (*(path.read_bytes() for path in kept(target)), *target.inputs()):
        target.run(content)


def rounds(target: Target, seed: int, count: int) -> bytes | None:
    """Give the first of some spoilt inputs that breaks a promise; the same seed, the same ones."""
    chance = Random(seed)  # noqa: S311 # the same inputs again, no secret
    inputs = (*target.inputs(), *(path.read_bytes() for path in kept(target)))
    spoilt = (mutate(chance, inputs) for _ in range(count))
    return next((each for each in spoilt if _breaks(target, each)), None)


def _breaks(target: Target, content: bytes) -> bool:
    try:
        target.run(content)
    except Exception:  # noqa: BLE001 # whatever it is, it is what we look for
        return True
    return False


def shrink(target: Target, content: bytes) -> bytes:
    """Take pieces away, large ones first, as long as the rest breaks a promise too."""
    tries, size = 0, len(content) // 2
    while size and tries < MOST_TRIES:
        for smaller in _without(content, size):
            tries += 1
            if _breaks(target, smaller):
                content = smaller
                break
        else:
            size //= 2
    return content


def _without(content: bytes, size: int) -> Iterator[bytes]:
    for begin in range(0, len(content), size):
        yield content[:begin] + content[begin + size :]


def keep(target: Target, content: bytes) -> Path:
    """Write what breaks a promise where the tests find it; give the file."""
    path = CORPUS / target.name / hashlib.sha256(content).hexdigest()[:DIGITS]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path
