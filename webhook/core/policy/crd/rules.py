"""What one object can know to be wrong, in CEL, where its schema has no word for it.

Each rule says what `check` or `decode` says of the same fault of a file. Costs are bounded by the
lengths and sizes in the schema (`Syntax.max_length`, `About.max_items`).
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from webhook.core.names import API_GROUP
from webhook.core.patch import JSON
from webhook.core.policy.check_cluster import CREATORS, EVERYBODY
from webhook.core.policy.documents import (
    Claims,
    Exempt,
    GPUClass,
    GPUNodePool,
    GPUPolicy,
    PodTemplates,
    Workload,
)
from webhook.core.policy.schema import About
from webhook.core.policy.syntax import Syntax
from webhook.core.workload import BUILT_IN


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A ValidationRule of apiextensions/v1: `says` is a CEL expression that gives the message.

    `at` is the field below the rule's own to blame, such as `.labels`.
    """

    holds: str
    says: str
    at: str = ""

    def render(self) -> dict[str, JSON]:
        """Give it as the API spells it."""
        place: dict[str, JSON] = {"fieldPath": self.at} if self.at else {}
        return {"rule": self.holds, "messageExpression": self.says, **place}


def text(value: str) -> str:
    """Write a string literal; JSON's escapes are CEL's too."""
    return json.dumps(value)


def _listed(values: Iterable[str]) -> str:
    return f"[{', '.join(map(text, values))}]"


def name(syntax: Syntax) -> Rule:
    """Demand that an object's name is spelt right."""
    return Rule(
        holds=f"self.metadata.name.matches({text(syntax.pattern)})",
        says=f"self.metadata.name + {text(_is_no(syntax))}",
        at=".metadata.name",
    )


def spelling(syntax: Syntax) -> tuple[Rule, ...]:
    """Demand of a text what its pattern and length leave open."""
    if syntax.max_prefix is None:
        return ()
    return (Rule(holds=_is_short("self", syntax), says=f"self + {text(_is_no(syntax))}"),)


def keys(about: About) -> tuple[Rule, ...]:
    """Demand of a map's keys that they are known, or spelt right."""
    if about.keys:
        is_right = f"k in {_listed(about.keys)}"
        objection = f" is unknown; known: {', '.join(sorted(about.keys))}"
    elif about.key_syntax is not None:
        syntax = about.key_syntax
        parts = [f"size(k) <= {syntax.max_length}", f"k.matches({text(syntax.pattern)})"]
        parts += [] if syntax.max_prefix is None else [_is_short("k", syntax)]
        is_right, objection = " && ".join(parts), _is_no(syntax)
    else:
        return ()
    wrong = f"self.filter(k, !({is_right}))[0]"
    return (Rule(holds=f"self.all(k, {is_right})", says=f"{wrong} + {text(objection)}"),)


def _is_short(variable: str, syntax: Syntax) -> str:
    return f"{variable}.indexOf('/') <= {syntax.max_prefix}"


def _is_no(syntax: Syntax) -> str:
    return f" is no {syntax.name}: {syntax.expected}"


def _not_one_of(values: Iterable[str], objection: str) -> Rule:
    return Rule(holds=f"!(self in {_listed(sorted(values))})", says=f"self + {text(objection)}")


def _no_glob(what: str) -> Rule:
    message = f" is a glob: name each of the {what} exactly"
    return Rule(holds="!self.contains('*')", says=f"self + {text(message)}")


_IS_OF_THE_SYSTEM = text(" is for Kubernetes' own pods: choose another")
_NOT_OF_THE_SYSTEM = Rule(holds="!self.startsWith('system-')", says=f"self + {_IS_OF_THE_SYSTEM}")


def _follows_path(field: str) -> Rule:
    """Demand that a [*] of a field beside `path` is one of `path` too."""
    start = f"self.{field}.substring(0, self.{field}.lastIndexOf('[*]') + 3)"
    fault = text(" has not: up to its last [*] it has to be the same as path")
    return Rule(
        holds=f"!has(self.{field}) || !self.{field}.contains('[*]') ||"
        f" self.path.startsWith({start})",
        says=f"self.{field} + {text(' has a [*] that ')} + self.path + {fault}",
        at=f".{field}",
    )


_BUILT_IN = sorted(f"{group}/{kind}" for group, kind in BUILT_IN)
_CONTRADICTS = "k in self.selector && self.selector[k] != self.labels[k]"

RULES: Mapping[tuple[type, str], tuple[Rule, ...]] = {
    (Claims, "names"): (
        Rule(
            holds="!self.matches('^[*]+$')",
            says=f"self + {text(' claims every node of the cluster: name those of the pool')}",
        ),
    ),
    (Exempt, "users"): (
        _no_glob("users"),
        _not_one_of(CREATORS, " creates everybody's pods: exempt namespaces instead"),
    ),
    (Exempt, "groups"): (
        _no_glob("groups"),
        _not_one_of(EVERYBODY, " lets in everybody's pods: name users or namespaces instead"),
    ),
    (GPUClass, "priorityClassName"): (_NOT_OF_THE_SYSTEM,),
    (GPUClass, "allowedPriorityClassNames"): (_NOT_OF_THE_SYSTEM,),
    (GPUNodePool, ""): (
        Rule(
            holds=f"!has(self.labels) || !self.labels.exists(k, {_CONTRADICTS})",
            says=f"self.labels.filter(k, {_CONTRADICTS})[0]"
            f" + {text(' contradicts spec.selector: remove one')}",
            at=".labels",
        ),
    ),
    (GPUPolicy, ""): (
        Rule(
            # Both have a default, which holds where they are absent.
            holds="!has(self.gpuResources) || !has(self.deviceClasses) ||"
            " size(self.gpuResources) + size(self.deviceClasses) > 0",
            says=text("empty, and spec.deviceClasses too: no pod would be a GPU pod; name one"),
            at=".gpuResources",
        ),
    ),
    (PodTemplates, ""): (_follows_path("annotations"), _follows_path("spec")),
    (Workload, ""): (
        Rule(
            holds=f"!(self.group + '/' + self.kind in {_listed(_BUILT_IN)})",
            says=f"self.kind + {text(' of ')} + self.group"
            f" + {text(' is built in, not described by policies: remove it')}",
            at=".kind",
        ),
    ),
    (Workload, "group"): (
        Rule(
            holds=f"self != {text(API_GROUP)}",
            says=text(f"kinds of {API_GROUP} make no pods: remove it"),
        ),
    ),
    (Workload, "suspend"): (
        Rule(
            holds="!self.contains('[*]')",
            says=f"self + {text(' is many fields: one field suspends a workload')}",
        ),
    ),
}
"""Rules by dataclass and field (empty: the whole); a list's rules hold for each of its items."""
