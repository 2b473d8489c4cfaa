"""Manifests as text to located values, the way that kubectl reads them.

YAML 1.1 or JSON, several documents in a text: anchors, aliases (by value) and merge keys (own keys
win) are resolved, and every value keeps its line. A document that can not be read is a fault, and
the others are given all the same. Policies never pass here: `core.policy.strict_yaml` reads those.
"""

import json
import re
from collections.abc import Iterator

import yaml

from webhook.cli.kubectl_composer import Composer, DocumentError
from webhook.core.errors import Fault
from webhook.core.policy.located import Located

_SEPARATOR = re.compile(r"---(?P<rest>.*)")
_NO_CHARACTER = re.compile("[^\t\n\r -~\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SURROGATES = re.compile(
    r"(?<!\\)(?P<before>(?:\\\\)*)\\u(?P<high>[dD][89abAB]..)\\u(?P<low>[dD][c-fC-F]..)"
)
"""A character beyond U+FFFF as JSON escapes it, which YAML does not know."""


def read(text: str, source: str) -> tuple[tuple[Located, ...], tuple[Fault, ...]]:
    """Read every document of `text`: those that can be read, and what is wrong with the others.

    Empty documents are left out. A document with any fault is not given.
    """
    documents: list[Located] = []
    faults: list[Fault] = []
    for line, chunk in _split(text.removeprefix("\ufeff")):
        found, wrong = _read_chunk(chunk, line)
        documents += found
        faults += (
            Fault(source=source, line=each.line, path="", message=str(each)) for each in wrong
        )
    return tuple(documents), tuple(faults)


def _split(text: str) -> Iterator[tuple[int, str]]:
    """Cut a text at its separators, as kubectl does before it parses: line number, part."""
    first, lines = 1, list[str]()
    for number, line in enumerate(text.split("\n"), start=1):
        if _SEPARATOR.match(line):
            yield first, "\n".join(lines)
            first, lines = number, []
        lines.append(line)
    yield first, "\n".join(lines)


def _read_chunk(chunk: str, line: int) -> tuple[list[Located], list[DocumentError]]:
    """Read the documents between two separators; `line` is the number of the first line."""
    documents: list[Located] = []
    faults: list[DocumentError] = []
    try:
        _refuse(chunk, line)
        for start, part in _json_values(chunk) or ((0, chunk),):
            composer = Composer(part, line + start)
            for document in composer.compose():
                documents += [document] if not composer.faults else []
                faults += composer.faults
                composer.faults = []
    except DocumentError as error:
        faults.append(error)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = line + min(mark.line if mark else 0, chunk.count("\n"))
        faults.append(DocumentError(place, f"no valid YAML: {_explain(error)}"))
    except (yaml.YAMLError, ValueError, OverflowError, RecursionError) as error:
        # PyYAML lets some through, for escapes and directives whose number is out of range.
        faults.append(DocumentError(line, f"no valid YAML: {_first_line(error)}"))
    return documents, faults


def _refuse(chunk: str, line: int) -> None:
    """Refuse what no reader takes for YAML, before it is parsed."""
    wrong = _NO_CHARACTER.search(chunk)
    if wrong is not None:
        place = line + chunk.count("\n", 0, wrong.start())
        raise DocumentError(place, f"U+{ord(wrong[0]):04X} is no character of YAML")
    separator = _SEPARATOR.match(chunk)
    rest = separator["rest"].strip() if separator else ""
    if rest and not rest.startswith("#"):
        shown = chunk.split("\n", 1)[0].strip()[:40]
        raise DocumentError(
            line, f"{shown!r} separates no documents: the separator --- stands alone on its line"
        )


def _json_values(chunk: str) -> list[tuple[int, str]]:
    """Cut concatenated JSON objects apart: lines before each, text; none where it is no JSON."""
    separator = _SEPARATOR.match(chunk)
    position = separator.end() if separator else 0
    values: list[tuple[int, str]] = []
    try:
        while start := re.compile(r"\s*(?=\{)").match(chunk, position):
            _, position = json.JSONDecoder().raw_decode(chunk, start.end())
            text = chunk[start.end() : position].replace("\t", " ")
            values.append((chunk.count("\n", 0, start.end()), _SURROGATES.sub(_joined, text)))
    except (ValueError, RecursionError):
        return []
    return [] if chunk[position:].strip() else values


def _explain(error: yaml.MarkedYAMLError) -> str:
    problem = error.problem or "it can not be parsed"
    tab = r"'\t'" in problem or "cannot start any token" in problem
    return f"{problem}: indent with spaces, not tabs" if tab else problem


def _first_line(error: Exception) -> str:
    return str(error).split("\n", 1)[0] or type(error).__name__


def _joined(escaped: re.Match[str]) -> str:
    pair = bytes.fromhex(escaped["high"] + escaped["low"])
    return escaped["before"] + pair.decode("utf-16-be")
