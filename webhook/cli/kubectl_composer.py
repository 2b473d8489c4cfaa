"""One text of YAML 1.1 to located values: anchors, aliases, merge keys, bounds.

Aliases are taken by value (located values are immutable, so they are shared and never copied), a
mapping's own keys win over merged ones, keys that are written twice are faults. What aliases add
is bounded, as in go-yaml.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

import yaml

from webhook.cli import kubectl_scalars
from webhook.core.policy.located import Located

MAX_DEPTH = 128
"""Mappings and lists inside one another, aliases resolved; schemas in CRDs reach some 60."""
MAX_GROWTH = 100
"""How many times its written size a document may have once its aliases are resolved."""
MAX_GROWN = 1_000_000
"""How many values aliases may add to a document."""
SMALL = 1000
"""Values of a document that is small however much it grew."""

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml where PyYAML has it: rendered charts have megabytes."""
_MERGE = "<<"


class DocumentError(Exception):
    """A document can not be read, because of what stands at `line`."""

    def __init__(self, line: int, message: str) -> None:
        """Take the line in the file, from 1."""
        self.line = line
        super().__init__(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Node:
    """A value, with how many values it holds and how deep they lie once aliases are resolved."""

    located: Located
    size: int = 1
    height: int = 0


class Composer:
    """Builds located values from the events of one text and gathers its faults."""

    def __init__(self, text: str, first_line: int) -> None:
        """Take a text whose first line has a number in its file."""
        self.loader = _LOADER(text)
        self.first_line = first_line
        self.faults: list[DocumentError] = []
        self.anchors: dict[str, _Node | None] = {}
        self.written = 0
        self.grown = 0

    def compose(self) -> Iterator[Located]:
        """Give each document that is not empty."""
        self.loader.get_event()
        while not self.loader.check_event(yaml.StreamEndEvent):
            self.anchors, self.written, self.grown = {}, 0, 0
            self.loader.get_event()
            node = self._node(0).located
            self.loader.get_event()
            if node.value is not None or self.faults:
                yield node

    def _node(self, depth: int) -> _Node:
        event = self.loader.get_event()
        line = self.first_line + event.start_mark.line
        self.written += 1
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event.anchor or "", line, depth)
        if depth > MAX_DEPTH:
            raise DocumentError(line, f"nested deeper than {MAX_DEPTH} levels")
        if event.anchor is not None:
            self.anchors[event.anchor] = None
        node = self._value(event, line, depth)
        if event.anchor is not None:
            self.anchors[event.anchor] = node
        return node

    def _value(self, event: yaml.Event, line: int, depth: int) -> _Node:
        if isinstance(event, yaml.ScalarEvent):
            return _Node(located=self._scalar(event, line))
        if isinstance(event, yaml.SequenceStartEvent):
            return self._list(line, depth)
        return self._mapping(line, depth)

    def _alias(self, name: str, line: int, depth: int) -> _Node:
        """Give the value that an alias stands for, at the alias's line; bound what that adds."""
        if name not in self.anchors:
            raise DocumentError(line, f"alias *{name} names no anchor of this document")
        node = self.anchors[name]
        if node is None:
            raise DocumentError(line, f"alias *{name} stands inside what it names")
        self.grown += node.size
        allowed = min(self.written * MAX_GROWTH, MAX_GROWN)
        if self.grown > max(allowed, SMALL):
            raise DocumentError(
                line, f"aliases make it grow more than {MAX_GROWTH} times: write it out"
            )
        if depth + node.height > MAX_DEPTH:
            raise DocumentError(line, f"nested deeper than {MAX_DEPTH} levels by aliases")
        return replace(node, located=replace(node.located, line=line))

    def _scalar(self, event: yaml.ScalarEvent, line: int) -> Located:
        try:
            value = _scalar(event)
        except ValueError as error:
            self.faults.append(DocumentError(line, str(error)))
            value = None
        return Located(value=value, line=line, raw=event.value)

    def _list(self, line: int, depth: int) -> _Node:
        items: list[_Node] = []
        while not self.loader.check_event(yaml.SequenceEndEvent):
            items.append(self._node(depth + 1))
        self.loader.get_event()
        return _holding(Located(value=tuple(each.located for each in items), line=line), items)

    def _mapping(self, line: int, depth: int) -> _Node:
        own: dict[str, Located] = {}
        merged: dict[str, Located] = {}
        nodes: list[_Node] = []
        while not self.loader.check_event(yaml.MappingEndEvent):
            is_merge = _is_merge(self.loader.peek_event())
            name = self._node(depth + 1).located
            node = self._node(depth + 1)
            nodes.append(node)
            if is_merge:
                merged = {**self._merged(node.located, name.line), **merged}
            else:
                self._enter(own, name, node.located)
        self.loader.get_event()
        return _holding(Located(value={**merged, **own}, line=line), nodes)

    def _enter(self, own: dict[str, Located], name: Located, value: Located) -> None:
        """Enter a field at its key's line; a key that is there already is a fault."""
        if isinstance(name.value, tuple | dict):
            self.faults.append(DocumentError(name.line, "a mapping or list is no key"))
            return
        try:
            key = kubectl_scalars.key(name.value)  # type: ignore[arg-type] # no mapping, see above
        except ValueError as error:
            self.faults.append(DocumentError(name.line, str(error)))
            return
        if key in own:
            message = f'key "{key}" is written twice, first at line {own[key].line}'
            self.faults.append(DocumentError(name.line, message))
            return
        own[key] = replace(value, line=name.line)

    def _merged(self, node: Located, line: int) -> dict[str, Located]:
        """Give what a merge key brings: a mapping's fields, or those of a list of mappings."""
        parts = node.value if isinstance(node.value, tuple) else (node,)
        fields: dict[str, Located] = {}
        for part in parts:
            if not isinstance(part.value, dict):
                raise DocumentError(line, "a merge key (<<) takes a mapping or a list of them")
            fields = {**part.value, **fields}
        return fields


def _holding(located: Located, nodes: list[_Node]) -> _Node:
    size = 1 + sum(each.size for each in nodes)
    return _Node(
        located=located, size=size, height=1 + max((each.height for each in nodes), default=0)
    )


def _is_merge(event: yaml.Event) -> bool:
    return isinstance(event, yaml.ScalarEvent) and event.value == _MERGE and not event.style


def _scalar(event: yaml.ScalarEvent) -> kubectl_scalars.Scalar:
    text: str = event.value
    if not text.isascii() and re.search("[\ud800-\udfff]", text):
        raise ValueError("an escape makes half of a surrogate pair")
    if event.tag and event.tag != "!":
        return kubectl_scalars.resolve_tagged(text, event.tag)
    return text if event.style or event.tag else kubectl_scalars.resolve(text)
