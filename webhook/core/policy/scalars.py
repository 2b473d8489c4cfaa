"""What an unquoted scalar of YAML means, where all readers agree; an objection where not.

kubectl reads YAML 1.1 (`NO` is false, `010` is 8, `12:30` is 750), many editors and linters read
1.2. A policy must mean one thing, so what they read differently has to be quoted.
"""

import re

from webhook.core.policy.located import Scalar, show

_WORDS = frozenset({"true", "false", "null"})
_WORDS_OF_1_1 = frozenset({"y", "n", "yes", "no", "on", "off", "~", "="})
_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,17})")
_FLOAT = re.compile(r"-?(0|[1-9][0-9]{0,17})\.[0-9]{1,18}([eE][-+][0-9]{1,3})?")
_NUMBER_TO_SOME = re.compile(
    r"""[-+]?(
        0x[0-9a-f_]+ | 0o[0-7_]+ | 0b[01_]+             # bases
      | (\.[0-9][0-9_]* | [0-9][0-9_]*(\.[0-9_]*)?)(e[-+]?[0-9]+)?
      | [0-9][0-9_]*(:[0-9]+)+(\.[0-9_]*)?              # sexagesimal
      | \.inf | \.nan
    )
    | [0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(([Tt]|[ \t]+)[0-9:.]+.*)?  # a date
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)


def objection(raw: str) -> str | None:
    """Say why the plain scalar `raw` must not stay unquoted; None where all readers agree."""
    if raw == "<<":
        return "merge keys are not accepted: write the fields out"
    if raw in _WORDS or _INTEGER.fullmatch(raw) or _FLOAT.fullmatch(raw):
        return None
    folded = raw.lower()
    if folded in _WORDS:
        return f'YAML readers differ about {raw}: write {folded}, or quote it: "{raw}"'
    if folded in _WORDS_OF_1_1 or _NUMBER_TO_SOME.fullmatch(raw):
        shown = show(raw)
        quoted = shown if shown.startswith('"') else f'"{shown}"'
        return f"YAML 1.1 and 1.2 readers differ about {shown}: quote it: {quoted}"
    return None


def resolve(raw: str) -> Scalar:
    """Give the value of the plain scalar `raw`, to which there is no objection."""
    if raw in {"", "null"}:
        return None
    if raw in {"true", "false"}:
        return raw == "true"
    if _INTEGER.fullmatch(raw):
        return int(raw)
    return float(raw) if _FLOAT.fullmatch(raw) else raw
