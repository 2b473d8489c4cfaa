"""What a run leaves: files in docs/benchmarks, and a text between two marks of their page."""

from collections.abc import Mapping
from pathlib import Path

from benchmarks.command import say
from benchmarks.errors import BenchmarkError

DOCS = Path(__file__).parents[1] / "docs"

END = "<!-- end -->"


def insert(page: str, command: str, text: str) -> str:
    """Give a page with a text in the place of what the same command wrote before."""
    begin = f"<!-- written by `{command}` -->"
    head, mark, rest = page.partition(begin)
    _, end, tail = rest.partition(END)
    if not (mark and end):
        raise BenchmarkError(f"the page has no {begin} with {END} after it")
    return f"{head}{begin}\n{text}\n{END}{tail}"


def publish(output: Path, command: str, files: Mapping[str, bytes], text: str) -> None:
    """Write files into the folder `benchmarks`, and a text into `benchmarks.md`, if it is there."""
    folder, file = output / "benchmarks", output / "benchmarks.md"
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
        say(f"written: {folder / name}")
    if file.exists():
        file.write_text(insert(file.read_text(encoding="utf-8"), command, text), encoding="utf-8")
        say(f"written: {file}")
