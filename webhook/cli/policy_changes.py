"""What changes between two policies' documents: one line a document.

Pure: documents in, changes out. Fields are spelt as in the files; where a document was read, and in
which order, is no change.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, is_dataclass

from webhook.core.policy.documents import Document
from webhook.core.policy.located import show, step
from webhook.core.policy.schema import properties


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyChange:
    """A document that was added, removed or changed, and how: `GPUClass training: added`.

    `document` is the new one; None where it is removed.
    """

    text: str
    document: Document | None


def changes(old: Iterable[Document], new: Iterable[Document]) -> tuple[PolicyChange, ...]:
    """Give what changes, in order of kinds and names."""
    before = {(type(each).__name__, each.name): each for each in old}
    after = {(type(each).__name__, each.name): each for each in new}
    found = []
    for kind, name in sorted({*before, *after}):
        was, is_ = before.get((kind, name)), after.get((kind, name))
        what = _what(was, is_)
        if what:
            found.append(PolicyChange(text=f"{kind} {name}: {what}", document=is_))
    return tuple(found)


def _what(was: Document | None, now: Document | None) -> str:
    if was is None:
        return "added"
    if now is None:
        return "removed"
    return "; ".join(_differences(was, now, ""))


def _differences(was: object, now: object, path: str) -> Iterator[str]:
    """Give each field that differs: `placement Preferred -> Required`, `pools + {name: spot}`."""
    if was == now:
        return
    if is_dataclass(was) and type(was) is type(now):
        for each in properties(type(was)):
            old, new = getattr(was, each.attribute), getattr(now, each.attribute)
            yield from _differences(old, new, step(path, each.name))
    elif isinstance(was, Mapping) and isinstance(now, Mapping):
        for key in sorted({*was, *now}):
            yield from _differences(was.get(key), now.get(key), step(path, key))
    elif isinstance(was, tuple) and isinstance(now, tuple):
        yield f"{path} {_items(was, now)}"
    else:
        yield f"{path} {_written(was)} -> {_written(now)}"


def _items(was: tuple[object, ...], now: tuple[object, ...]) -> str:
    old, new = Counter(map(_written, was)), Counter(map(_written, now))
    gone, added = (old - new).elements(), (new - old).elements()
    return (
        " ".join([*(f"-{each}" for each in gone), *(f"+{each}" for each in added)]) or "reordered"
    )


def _written(value: object) -> str:
    """Write a value on one line, nearly as in a file; what is at its default is left out."""
    if is_dataclass(value):
        return _written(
            {
                each.name: getattr(value, each.attribute)
                for each in properties(type(value))
                if each.required or getattr(value, each.attribute) != each.default
            }
        )
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{key}: {_written(item)}' for key, item in value.items())}}}"
    if isinstance(value, tuple):
        return f"[{', '.join(map(_written, value))}]"
    return _scalar(value)


def _scalar(value: object) -> str:
    if value is None:
        return "none"
    return str(value).lower() if isinstance(value, bool) else show(str(value))
