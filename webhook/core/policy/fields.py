"""Fields out of located values, by their shape: each wrong one is reported and left out.

It knows shapes and limits (`schema`), not documents; which fields stand where is `decode`'s.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from webhook.core.errors import Fault
from webhook.core.policy.located import REFUSED, Located, Refused, show, step
from webhook.core.policy.nearest import suggest, suggest_all
from webhook.core.policy.schema import (
    About,
    Choice,
    Entries,
    Items,
    Property,
    Record,
    Scalar,
    Shape,
    properties,
)

WRONG: Final = REFUSED
"""What reading gives instead of a value about which a fault is reported."""


class Reader:
    """Reads the fields of one document, and gathers its faults and the lines of its fields.

    `is_whole` becomes false at the first value that is wrong, also where the fault was reported
    before (by `strict_yaml`).
    """

    def __init__(self, source: str) -> None:
        """Start without faults; `source` names the file."""
        self.source = source
        self.faults: list[Fault] = []
        self.lines: dict[str, int] = {}
        self.is_whole = True

    def fault(self, line: int, path: str, message: str) -> Refused:
        """Report a fault, and give what stands for the value."""
        self.faults.append(Fault(source=self.source, line=line, path=path, message=message))
        return self.refused()

    def refused(self) -> Refused:
        """Take a value that is wrong and already reported."""
        self.is_whole = False
        return WRONG

    def entries(self, node: Located, path: str, expected: str) -> Mapping[str, Located] | None:
        """Give the entries of a mapping; report where `node` is something else."""
        if isinstance(node.value, Mapping):
            return node.value
        if node.value is REFUSED:
            self.refused()
        else:
            self.fault(node.line, path, f"{_found(node)} is not {expected}")
        return None

    def only(self, entries: Mapping[str, Located], known: Sequence[str], path: str) -> None:
        """Report every field that is not one of `known`, with the nearest of them."""
        for key, node in entries.items():
            if key in known:
                continue
            if node.value is REFUSED:
                self.refused()
            else:
                place = step(path, key)
                self.fault(node.line, place, f"unknown field; {suggest(key, known)}")

    def record(self, node: Located, fields: Sequence[Property], path: str) -> dict[str, object]:
        """Give the sound fields of a mapping by attribute; absent and null ones are left out."""
        entries = self.entries(node, path, "a mapping of fields")
        if entries is None:
            return {}
        self._note(node, path)
        self.only(entries, [field.name for field in fields], path)
        return self.values(entries, fields, path, node.line)

    def values(
        self, entries: Mapping[str, Located], fields: Sequence[Property], path: str, line: int
    ) -> dict[str, object]:
        """Give those of `fields` that stand in `entries` and are sound; `line` is the record's."""
        values: dict[str, object] = {}
        for field in fields:
            place = step(path, field.name)
            node = entries.get(field.name)
            if node is None or node.value is None:
                if field.required:
                    what = field.about.description
                    self.fault(node.line if node else line, place, f"missing; required: {what}")
                continue
            value = self.value(node, field.shape, field.about, place)
            if value is not WRONG:
                values[field.attribute] = value
        return values

    def value(self, node: Located, shape: Shape, about: About, path: str) -> object:
        """Give the value of `node` as `shape` has it, or WRONG."""
        self._note(node, path)
        if node.value is REFUSED:
            return self.refused()
        match shape:
            case Scalar(type=kind):
                return self._scalar(node, kind, about, path)
            case Choice(type=choices):
                return self._choice(node, tuple(choices), path)
            case Items(of=item):
                return self._items(node, item, about, path)
            case Entries(of=item):
                return self._map(node, item, about, path)
            case Record(type=record):
                return self._record(node, record, path)

    def _note(self, node: Located, path: str) -> None:
        """Remember where a field stands, for faults that are found later."""
        if node.line:
            self.lines[path] = node.line

    def _scalar(self, node: Located, kind: type, about: About, path: str) -> object:
        if kind is str:
            return self._text(node, about, path)
        if type(node.value) is not kind:
            expected = "a whole number" if kind is int else "true or false, unquoted"
            return self.fault(node.line, path, f"{_found(node)} is not {expected}")
        low, high = about.minimum, about.maximum
        if low is not None and high is not None and node.value not in range(low, high + 1):
            return self.fault(node.line, path, f"{node.raw} is not in {low}..{high}")
        return node.value

    def _text(self, node: Located, about: About, path: str) -> object:
        if not isinstance(node.value, str):
            advice = f': quote it: "{node.raw}"' if node.raw else ""
            return self.fault(node.line, path, f"{_found(node)} is not text{advice}")
        if about.syntax is not None and not about.syntax.is_met_by(node.value):
            syntax = about.syntax
            message = f"{show(node.value)} is no {syntax.name}: {syntax.expected}"
            return self.fault(node.line, path, message)
        return node.value

    def _choice(self, node: Located, choices: Sequence[str], path: str) -> object:
        for choice in choices:
            if node.value == choice:
                return choice
        advice = suggest_all(node.raw, choices)
        return self.fault(node.line, path, f"{_found(node)} is not accepted; {advice}")

    def _items(self, node: Located, item: Shape, about: About, path: str) -> object:
        if not isinstance(node.value, tuple):
            advice = f": write [{node.raw}]" if node.raw else ""
            return self.fault(node.line, path, f"{_found(node)} is not a list{advice}")
        if not self._is_of_size(node, len(node.value), about, path):
            return WRONG
        values = [
            self.value(child, item, about, step(path, index))
            for index, child in enumerate(node.value)
        ]
        self._distinct(node.value, values, about, path)
        return WRONG if WRONG in values else tuple(values)

    def _is_of_size(self, node: Located, size: int, about: About, path: str) -> bool:
        if size < about.min_items:
            self.fault(node.line, path, f"empty; required: {about.description}")
        elif size > about.max_items:
            self.fault(node.line, path, f"{size} items; at most {about.max_items}: shorten it")
        return about.min_items <= size <= about.max_items

    def _distinct(
        self, nodes: Sequence[Located], values: Sequence[object], about: About, path: str
    ) -> None:
        """Report items that stand in a list twice, where that makes no sense."""
        first: dict[str, int] = {}
        for index, (node, value) in enumerate(zip(nodes, values, strict=True)):
            identity = _identity(value, about)
            if identity is None:
                continue
            if identity in first:
                place = step(path, first[identity])
                message = f"{identity} is listed twice, first at {place}: keep one"
                self.fault(node.line, step(path, index), message)
            first.setdefault(identity, index)

    def _map(self, node: Located, item: Shape, about: About, path: str) -> object:
        entries = self.entries(node, path, "a mapping")
        if entries is None:
            return WRONG
        if not self._is_of_size(node, len(entries), about, path):
            return WRONG
        values: dict[str, object] = {}
        for key, child in entries.items():
            place = step(path, key)
            self._key(key, child, about, place)
            values[key] = self.value(child, item, about, place)
        return WRONG if WRONG in values.values() else values

    def _key(self, key: str, node: Located, about: About, path: str) -> None:
        syntax = about.key_syntax
        if node.value is REFUSED:
            self.refused()
        elif about.keys and key not in about.keys:
            self.fault(node.line, path, f"unknown; {suggest_all(key, about.keys)}")
        elif syntax is not None and not syntax.is_met_by(key):
            self.fault(node.line, path, f"{show(key)} is no {syntax.name}: {syntax.expected}")

    def _record(self, node: Located, record: type, path: str) -> object:
        whole, self.is_whole = self.is_whole, True
        values = self.record(node, properties(record), path)
        sound = self.is_whole
        self.is_whole = whole and sound
        return record(**values) if sound else WRONG


def _identity(value: object, about: About) -> str | None:
    """Give what no two items of a list may share, as text; None where they may share all."""
    if value is WRONG:
        return None
    if about.unique:
        return show(str(value))
    if about.unique_by:
        return ", ".join(f"{name} {getattr(value, name)}" for name in about.unique_by)
    return None


def _found(node: Located) -> str:
    """Name what was found: a scalar as it was spelt."""
    if isinstance(node.value, Mapping):
        return "a mapping"
    if isinstance(node.value, tuple):
        return "a list"
    return show(node.raw) if node.raw else "nothing"
