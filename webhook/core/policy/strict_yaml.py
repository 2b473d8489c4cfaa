"""YAML text to located values, strictly: what two readers could read differently is a fault.

Several documents a file; unique keys that are text; no anchors, aliases, merge keys, tags or
directives; size and depth are bounded. It never raises: bad text is a fault with its line. It
knows nothing of policies, and manifests (read as kubectl reads them) do not pass here.

Sound text is parsed by libyaml, in a quarter of the time. What that leads to a fault, or libyaml
is known to read otherwise, PyYAML's own parser reads: the verdict and the words are its alone.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

import yaml

from webhook.core.errors import Fault
from webhook.core.policy.located import REFUSED, Located, Refused, show, step
from webhook.core.policy.scalars import objection, resolve

MAX_BYTES = 1024 * 1024
"""Size of one file; an object of the API server may not be larger either."""
MAX_DEPTH = 32
"""Mappings and lists inside one another; the deepest policy field is at 5."""

_OTHER_BREAKS = re.compile("[\x85\u2028\u2029]")
"""Line breaks to YAML 1.1, ordinary characters to YAML 1.2."""
_UNALIKE = re.compile(r"[\t?\ufeff]|[|>][-+0-9]*#")
"""Where libyaml takes what PyYAML refuses: tabs, `{a?}`, `|# comment`, a BOM within the text."""
_QUICK = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml where PyYAML has it, as its wheels do."""


class _DepthError(Exception):
    """Nesting is deeper than MAX_DEPTH at `line`; reading stops there."""

    def __init__(self, line: int) -> None:
        self.line = line
        super().__init__(line)


def read(text: str, source: str) -> tuple[tuple[Located, ...], tuple[Fault, ...]]:
    """Read every document of `text`; empty ones are left out.

    After a syntax error nothing further is read: the documents before it are given.
    """
    text = text.removeprefix("\ufeff")
    refusal = _refusal_of_text(text, source)
    if refusal is not None:
        return (), (refusal,)
    if not _UNALIKE.search(text):
        documents, faults = _compose(text, source, _QUICK)
        if not faults:
            return documents, ()
    return _compose(text, source, yaml.SafeLoader)


def _compose(
    text: str, source: str, parse: Callable[[str], Any]
) -> tuple[tuple[Located, ...], tuple[Fault, ...]]:
    composer = _Composer(source, parse)
    documents = tuple(composer.compose(text))
    return documents, tuple(composer.faults)


def _refusal_of_text(text: str, source: str) -> Fault | None:
    """Look at the text as a whole, before any of it is parsed."""
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > MAX_BYTES:
        message = f"{size} bytes, more than the {MAX_BYTES} of one file: split it"
        return Fault(source=source, line=0, path="", message=message)
    other = _OTHER_BREAKS.search(text)
    if other is not None:
        line = text.count("\n", 0, other.start()) + 1
        message = f"YAML readers differ about U+{ord(other[0]):04X} as a line break: remove it"
        return Fault(source=source, line=line, path="", message=message)
    return None


class _Composer:
    """Builds located values from PyYAML's events and gathers the faults."""

    def __init__(self, source: str, parse: Callable[[str], Any]) -> None:
        self.source = source
        self.parse = parse
        self.line = 1
        self.faults: list[Fault] = []

    def compose(self, text: str) -> Iterator[Located]:
        """Give each document that is not empty, up to the first syntax error."""
        try:
            self.loader = self.parse(text)
            yield from self._documents()
        except yaml.reader.ReaderError as error:
            line = text.count("\n", 0, error.position) + 1
            self._fault(
                line, "", f"U+{int(error.character):04X} is no character of YAML: remove it"
            )
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 0
            self._fault(line, "", _explain(error))
        except _DepthError as error:
            self._fault(error.line, "", f"nested deeper than {MAX_DEPTH} levels: flatten it")
        except (ValueError, OverflowError):
            # PyYAML lets these through for escapes and directives whose number is out of range.
            self._fault(self.line, "", "no valid YAML: a number is out of range")

    def _fault(self, line: int, path: str, message: str) -> None:
        self.faults.append(Fault(source=self.source, line=line, path=path, message=message))

    def _next(self) -> yaml.Event:
        event: yaml.Event = self.loader.get_event()
        if event.start_mark is not None:
            self.line = event.start_mark.line + 1
        return event

    def _documents(self) -> Iterator[Located]:
        self._next()
        while not self.loader.check_event(yaml.StreamEndEvent):
            start = self._next()
            line = self.line
            document = self._node("", 0)
            self._next()
            if getattr(start, "version", None) or getattr(start, "tags", None):
                self._fault(line, "", "directives (%YAML, %TAG) are not accepted: remove them")
            elif document.value is not None:
                yield document

    def _node(self, path: str, depth: int, line: int | None = None) -> Located:
        """Build the next node; `line` is its key's, where it has one."""
        event = self._next()
        own_line = self.line
        line = line or own_line
        if depth > MAX_DEPTH:
            raise _DepthError(own_line)
        sound = self._is_sound(event, path, own_line)
        raw = event.value if isinstance(event, yaml.ScalarEvent) else ""
        node = Located(value=REFUSED, line=line, raw=raw)
        if isinstance(event, yaml.ScalarEvent):
            node = self._scalar(event, path, line)
        elif isinstance(event, yaml.SequenceStartEvent):
            node = Located(value=self._items(path, depth), line=line)
        elif isinstance(event, yaml.MappingStartEvent):
            node = Located(value=self._entries(path, depth), line=line)
        return node if sound else Located(value=REFUSED, line=line, raw=raw)

    def _is_sound(self, event: yaml.Event, path: str, line: int) -> bool:
        """Tell whether a node does without anchors, aliases and tags."""
        anchor = getattr(event, "anchor", None)
        if isinstance(event, yaml.AliasEvent):
            self._fault(line, path, f"alias *{anchor} is not accepted: write the value out")
        elif anchor is not None:
            self._fault(line, path, f"anchor &{anchor} is not accepted: remove it")
        elif getattr(event, "tag", None) is not None:
            self._fault(line, path, "an explicit tag (!) is not accepted: remove it")
        else:
            return True
        return False

    def _scalar(self, event: yaml.ScalarEvent, path: str, line: int) -> Located:
        raw = event.value
        if event.style:  # A plain one's is None, or "" by libyaml.
            return self._quoted(raw, path, line)
        message = None if event.tag or event.anchor else objection(raw)
        if message is None:
            return Located(value=resolve(raw), line=line, raw=raw)
        self._fault(line, path, message)
        return Located(value=REFUSED, line=line, raw=raw)

    def _quoted(self, raw: str, path: str, line: int) -> Located:
        """Take a quoted or block scalar, unless its escapes make half of a surrogate pair."""
        if raw.isascii() or not re.search("[\ud800-\udfff]", raw):
            return Located(value=raw, line=line, raw=raw)
        self._fault(line, path, f"{show(raw)} is no Unicode text: remove the surrogate")
        return Located(value=REFUSED, line=line, raw=raw)

    def _items(self, path: str, depth: int) -> tuple[Located, ...]:
        items: list[Located] = []
        while not self.loader.check_event(yaml.SequenceEndEvent):
            items.append(self._node(step(path, len(items)), depth + 1))
        self._next()
        return tuple(items)

    def _entries(self, path: str, depth: int) -> dict[str, Located] | Refused:
        entries: dict[str, Located] = {}
        lines: dict[str, int] = {}
        sound = True
        while not self.loader.check_event(yaml.MappingEndEvent):
            key = self._node(path, depth + 1)
            name, is_text = self._name(key, path)
            sound = sound and (name is not None)
            name = name or ""
            value = self._node(step(path, name), depth + 1, key.line)
            if name in lines and is_text:
                place = step(path, name)
                self._fault(
                    key.line, place, f"written twice, first at line {lines[name]}: keep one"
                )
            if not is_text or name in lines:
                value = Located(value=REFUSED, line=key.line)
            entries[name] = value
            lines.setdefault(name, key.line)
        self._next()
        return entries if sound else REFUSED

    def _name(self, key: Located, path: str) -> tuple[str | None, bool]:
        """Give a key's text (None: it has none) and whether it is sound."""
        if isinstance(key.value, str):
            return key.value, True
        if isinstance(key.value, tuple | dict):
            self._fault(key.line, path, "a mapping or list is no key: a key is text")
            return None, False
        if key.value is not REFUSED:
            shown = key.raw or '""'
            self._fault(key.line, path, f'the key {shown} is not text: quote it: "{key.raw}"')
        return key.raw, False


def _explain(error: yaml.MarkedYAMLError) -> str:
    problem = error.problem or "it can not be parsed"
    advice = ": indent with spaces, not tabs" if r"'\t'" in problem else ""
    return f"no valid YAML: {problem}{advice}"
