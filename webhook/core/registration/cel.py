"""CEL as text: literals that no policy can break out of, and the few shapes that conditions have.

The dialect is that of the API server's matchConditions (CEL with optionals, quantities and RE2).
It knows nothing of pods.
"""

import re
from collections.abc import Iterable, Mapping
from typing import TypeAlias, TypeVar

import msgspec

from webhook.core.policy.globs import is_glob

Expression: TypeAlias = str
Key = TypeVar("Key")

ALWAYS: Expression = "true"
NEVER: Expression = "false"

LONGEST = 90_000
"""Characters of what may be left out; CEL takes 100,000 in all."""

_PRINTABLE = range(0x20, 0x7F)
_ESCAPED = {"\\": r"\\", "'": r"\'"}


def literal(text: str) -> Expression:
    """Write a string; whatever is not plain ASCII is escaped."""
    return "'" + "".join(map(_character, text)) + "'"


def _character(character: str) -> str:
    code = ord(character)
    if code in _PRINTABLE:
        return _ESCAPED.get(character, character)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"  # noqa: PLR2004 # 16 bits


def listed(texts: Iterable[str]) -> Expression:
    """Write a list of strings."""
    return sequence(map(literal, texts))


def mapped(entries: Mapping[str, Iterable[str]]) -> Expression:
    """Write a map from strings to strings, of which `in` tells: in a list each counts as a step."""
    return mapping({key: mapping(dict.fromkeys(each, "1")) for key, each in entries.items()})


def mapping(entries: Mapping[str, Expression]) -> Expression:
    """Write a map from strings to what expressions give: one of constants is made only once."""
    return f"{{{', '.join(f'{literal(key)}: {each}' for key, each in entries.items())}}}"


def sequence(items: Iterable[Expression]) -> Expression:
    """Write a list of what expressions give."""
    return f"[{', '.join(items)}]"


def value(json: object) -> Expression:
    """Write a JSON value; what is of several types stands in a list or map as `dyn`."""
    if isinstance(json, dict):
        return mapping(_alike(json))
    if isinstance(json, (list, tuple)):
        return sequence(_alike(dict(enumerate(json))).values())
    return literal(json) if isinstance(json, str) else msgspec.json.encode(json).decode()


def _alike(values: Mapping[Key, object]) -> dict[Key, Expression]:
    """Write values of one type as they are, any others as `dyn`."""
    if len(values) == 1 or all(isinstance(each, str) for each in values.values()):
        return {key: value(each) for key, each in values.items()}
    return {key: f"dyn({value(each)})" for key, each in values.items()}


def any_of(*alternatives: Expression) -> Expression:
    """Write a disjunction, an alternative a line; cheap ones belong first."""
    given = [each for each in alternatives if each != NEVER]
    return " ||\n".join(given) if given else NEVER


def all_of(*parts: Expression) -> Expression:
    """Write a conjunction, a part a line."""
    return NEVER if NEVER in parts else " &&\n".join(parts)


def grouped(expression: Expression) -> Expression:
    """Put an expression of several lines in brackets."""
    return f"(\n{indented(expression)}\n)" if "\n" in expression else f"({expression})"


def indented(expression: Expression) -> Expression:
    """Shift every line of an expression to the right."""
    return "\n".join(f"  {line}" for line in expression.split("\n"))


def either(expression: Expression, on_true: Expression, on_false: Expression) -> Expression:
    """Write a choice; only the branch that is taken is evaluated."""
    return f"{expression} ? {grouped(on_true)} : {grouped(on_false)}"


def let(variable: str, value: Expression, body: Expression) -> Expression:
    """Evaluate a value once for a body that names it: conditions have no variables."""
    return f"[{value}].exists({variable},\n{indented(body)})"


def matching(variable: str, globs: Iterable[str]) -> Expression:
    """Tell whether a string is one of some names, or matches one of some globs."""
    given = tuple(dict.fromkeys(globs))
    names = [each for each in given if not is_glob(each)]
    exact = f"{variable} in {listed(names)}" if names else NEVER
    parts = [exact, *(_matching(variable, each) for each in given if is_glob(each))]
    found = [each for each in parts if each != NEVER]
    return " || ".join(found) if found else NEVER


def _matching(variable: str, glob: str) -> Expression:
    parts = re.sub(r"\*+", "*", glob).split("*")
    if len(parts) == 2 and not parts[1]:  # noqa: PLR2004 # before and after the only star
        return f"{variable}.startsWith({literal(parts[0])})"
    pattern = ".*".join(map(re.escape, parts))
    return f"{variable}.matches({literal(f'(?s)^{pattern}$')})"
