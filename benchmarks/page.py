"""What a run writes into a page of docs, between two marks."""

from benchmarks.errors import BenchmarkError

END = "<!-- end -->"


def insert(page: str, command: str, text: str) -> str:
    """Give a page with a text in the place of what the same command wrote before."""
    begin = f"<!-- written by `{command}` -->"
    head, mark, rest = page.partition(begin)
    _, end, tail = rest.partition(END)
    if not (mark and end):
        raise BenchmarkError(f"the page has no {begin} with {END} after it")
    return f"{head}{begin}\n{text}\n{END}{tail}"
