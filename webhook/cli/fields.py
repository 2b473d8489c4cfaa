"""Field paths as messages spell them, and the lines on which those fields stand.

A path is `spec.tolerations[0]` or `metadata.annotations["gpu-class"]`. Lines come from a manifest's
located value; a field that is not written stands where its nearest written parent does.
"""

import re
from collections.abc import Iterator, Mapping
from typing import TypeAlias

from webhook.core.patch import JSON
from webhook.core.policy.located import Located

Step: TypeAlias = str | int

_STEP = re.compile(r'\["(?P<key>[^"]*)"\]|\[(?P<index>[0-9]+)\]|\.?(?P<name>[^.\[\]]+)')
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9]*")
_MAPS = ("labels", "annotations", "nodeSelector", "limits", "requests")
"""Fields whose keys are anybody's: those are quoted."""
_LEADING = re.compile(r'(?P<path>(?:spec|metadata)(?:\["[^"]*"\]|\[[0-9]+\]|\.[A-Za-z0-9]+)+)[:. ]')

_DECODED = re.compile(
    r"(?P<problem>.*?)(?:, got `(?P<found>\w+)`)?(?: - at `(?P<path>\$[^`]*)`)?", re.DOTALL
)
"""A message of msgspec.ValidationError."""
_WORDS = {
    "array": "a list",
    "bool": "true or false",
    "float": "a number",
    "int": "a whole number",
    "null": "nothing",
    "object": "a mapping",
    "str": "text",
}
_TYPES = {
    "array": (list,),
    "bool": (bool,),
    "float": (float,),
    "int": (int,),
    "null": (type(None),),
    "object": (dict,),
    "str": (str,),
}


def join(path: str, step: Step) -> str:
    """Give the path of a child: `spec.pools`, `spec.pools[1]`, `spec.selector["a/b"]`."""
    if isinstance(step, int):
        return f"{path}[{step}]"
    if _PLAIN.fullmatch(step) and not path.endswith(_MAPS):
        return f"{path}.{step}" if path else step
    return f'{path}["{step}"]'


def steps(path: str) -> Iterator[Step]:
    """Give the steps of a path."""
    for found in _STEP.finditer(path):
        if found["index"] is not None:
            yield int(found["index"])
        else:
            yield found["key"] if found["key"] is not None else found["name"]


def find(document: Located, path: str) -> Located:
    """Give the field at a path, or its nearest written parent."""
    node = document
    for step in steps(path):
        inner = child(node, step)
        if inner is None:
            break
        node = inner
    return node


def leading(message: str) -> str:
    """Give the path with which a warning begins, empty where it begins with none."""
    found = _LEADING.match(message)
    return found["path"] if found else ""


def plain(node: Located) -> JSON:
    """Give a located value as JSON, without lines; aliases become copies."""
    value = node.value
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    return value if value is None or isinstance(value, str | int | float) else None


def explain(text: str, document: JSON) -> tuple[str, str]:
    """Turn a message of msgspec about a document into a field's path and what is wrong there."""
    parts = _DECODED.fullmatch(text)
    problem, found, path = parts.group("problem", "found", "path") if parts else (text, "", "")
    return resolve(path or "$", document, found or ""), _worded(problem, found)


def _worded(problem: str, found: str | None) -> str:
    expected = re.fullmatch(r"Expected `(?P<types>[^`]*)`", problem)
    if expected is not None and found:
        names = [name for name in expected["types"].split(" | ") if name != "null"]
        wanted = " or ".join(_WORDS.get(name, name) for name in names)
        return f"expected {wanted}, found {_WORDS.get(found, found)}"
    missing = re.fullmatch(r"Object missing required field `(?P<name>[^`]*)`", problem)
    return f"{missing['name']} is missing" if missing else problem[:1].lower() + problem[1:]


def resolve(path: str, document: JSON, found: str) -> str:
    """Turn a path of msgspec (`$.spec.nodeSelector[...]`) into one of ours.

    msgspec does not name a map's key; it is the first whose value has the JSON type `found`.
    """
    parts = re.findall(r"\[\.\.\.\]|\[[0-9]+\]|[^.\[\]]+", path.removeprefix("$"))
    resolved = _resolve("", parts, document, _TYPES.get(found, (object,)))
    return resolved if resolved is not None else re.sub(r"^\$\.?|\[\.\.\.\]", "", path)


def _resolve(path: str, parts: list[str], value: JSON, types: tuple[type, ...]) -> str | None:
    if not parts:
        return path if type(value) in types or types == (object,) else None
    part, *rest = parts
    tried = (_resolve(join(path, step), rest, child, types) for step, child in _steps(part, value))
    return next((each for each in tried if each is not None), None)


def _steps(part: str, value: JSON) -> Iterator[tuple[Step, JSON]]:
    if isinstance(value, dict):
        keys = value if part == "[...]" else [part] if part in value else []
        yield from ((key, value[key]) for key in keys)
    elif isinstance(value, list):
        whole = range(len(value)) if part == "[...]" else [int(part.strip("[]"))]
        yield from ((index, value[index]) for index in whole if index < len(value))


def child(node: Located, step: Step) -> Located | None:
    """Give a field of a mapping or an item of a list, None where it has none such."""
    if isinstance(node.value, Mapping):
        return node.value.get(str(step))
    if isinstance(node.value, tuple) and isinstance(step, int) and step < len(node.value):
        return node.value[step]
    return None
