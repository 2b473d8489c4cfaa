"""Fuzz led by which code an input reaches: `make fuzz-guided`, by atheris (libFuzzer).

Each target runs in a process of its own, which libFuzzer ends. What it learnt is kept in the user's
cache folder and begun with the next time; what breaks a promise is kept in tests/fuzz/corpus, which
every test run replays.
"""

import argparse
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["webhook"]):
    from tests.fuzz.mutation import DEEP, WORDS
    from tests.fuzz.search import CORPUS
    from tests.fuzz.targets import TARGETS, Target

LONGEST = 16_384
"""Bytes of an input: longer ones reach no more code, and take longer."""
SLOW_SECONDS = 20
"""One input that takes longer breaks a promise too."""


def main() -> int:
    """Fuzz one target, or each in a process of its own; 1 where a promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.guided", description=__doc__)
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    parser.add_argument("--target", choices=[each.name for each in TARGETS])
    arguments = parser.parse_args()
    if arguments.target:
        _fuzz(next(each for each in TARGETS if each.name == arguments.target), arguments.seconds)
    codes = [_run(each, arguments.seconds) for each in TARGETS]
    return int(any(codes))


def _run(target: Target, seconds: int) -> int:
    options = ["--seconds", str(seconds), "--target", target.name]
    code = subprocess.run([sys.executable, "-m", "tests.fuzz.guided", *options], check=False)
    verdict = f"a promise is broken: see {CORPUS / target.name}" if code.returncode else "kept"
    sys.stdout.write(f"{target.name}: {verdict}\n")
    return code.returncode


def _fuzz(target: Target, seconds: int) -> None:
    """Begin with real inputs and what was learnt before; does not return."""
    learnt = _cache() / target.name
    learnt.mkdir(parents=True, exist_ok=True)
    for content in target.inputs():
        (learnt / hashlib.sha256(content).hexdigest()).write_bytes(content)
    kept = CORPUS / target.name
    kept.mkdir(parents=True, exist_ok=True)
    words = _cache() / "words"
    words.write_text("".join(map(_entry, WORDS)), encoding="ascii")
    options = {
        "max_total_time": seconds,
        "max_len": LONGEST,
        "timeout": SLOW_SECONDS,
        "dict": words,
        "artifact_prefix": f"{kept}{os.sep}",
        "print_final_stats": 1,
        "verbosity": 0,
    }
    flags = [f"-{name}={value}" for name, value in options.items()]
    atheris.Setup([sys.argv[0], *flags, str(learnt), str(kept)], target.run)
    atheris.Fuzz()


def _entry(word: bytes) -> str:
    r"""Give a word as libFuzzer's dictionaries have it: `"\x7b\x7d"`."""
    short = word[: min(len(word), DEEP // 50)]
    return '"' + "".join(f"\\x{byte:02x}" for byte in short) + '"\n'


def _cache() -> Path:
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "gpuclass" / "fuzz"


if __name__ == "__main__":
    sys.exit(main())
