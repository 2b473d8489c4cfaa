"""The pages of docs/ that are written by the code: `python -m tests.docs.reference` writes them.

Rules are documented by their docstrings, fields of documents by their descriptions; a test compares
the pages with what this module gives.
"""

import importlib
import pkgutil
import re
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from types import ModuleType

from tests.core.given import shipped
from tests.docs.dashboards_page import dashboards_page
from tests.docs.metrics_page import metrics_page
from webhook.core import rules, workload
from webhook.core.audit import (
    cpu_pods,
    daemon_sets,
    gpu_pods,
    namespaces,
    nodes,
    pools,
    waiting,
)
from webhook.core.audit.finding import SEVERITIES
from webhook.core.paths import written
from webhook.core.policy import crd
from webhook.core.policy.documents import KINDS
from webhook.core.policy.schema import (
    MAX_ITEMS,
    Choice,
    Entries,
    Items,
    Property,
    Record,
    Scalar,
    Shape,
    properties,
)
from webhook.core.template import Template
from webhook.core.workload import Update, WorkloadKind

DOCS = Path(__file__).parents[2] / "docs"

_BEFORE_KINDS = f"""
## In a cluster

The same documents are custom resources, cluster-scoped. The API server refuses by itself
what one document can know to be wrong, adds nothing, and teaches:

```console
$ kubectl apply --server-side -k deploy/crds  # once: or gpuclass render --crds
$ kubectl apply --server-side -k policies     # pools before classes before the policy
$ kubectl explain gpuclass.spec
$ kubectl get {crd.CATEGORY}
```

| kind | `kubectl get` | shows |
| --- | --- | --- |"""

_AFTER_KINDS = """
Apply them with `--server-side`: a field that nobody knows is then refused, not dropped.
PriorityClass is Kubernetes' own kind.

What documents say of one another is judged by the webhook as they are written, dry runs
included: an unknown pool, class or PriorityClass, a node that two pools claim. Every fault
is refused at its field, all at once; what was wrong before is not, so that broken documents
are mended step by step. Deleting what is in use is warned of and never refused. While
nobody answers, documents pass as the schema lets them; those that do not go together take
no effect: the last good policy stays in force."""

_SCALARS = {str: "text", int: "whole number", bool: "true or false"}


def rule_modules() -> list[ModuleType]:
    """Give the modules of all rules that have a name, by file."""
    found = pkgutil.iter_modules(rules.__path__, f"{rules.__name__}.")
    modules = [importlib.import_module(each.name) for each in found]
    return [module for module in modules if hasattr(module, "NAME")]


def rules_page() -> str:
    """Write the page of rules."""
    parts = [
        "# Rules",
        "",
        "One file each in `webhook/core/rules/`; the names are those of logs, metrics and",
        "GPUPolicy `spec.rules`. This page is written by the code",
        "(`python -m tests.docs.reference`).",
    ]
    for module in rule_modules():
        parts += ["", f"## `{module.NAME}`", "", (module.__doc__ or "").strip()]
    return "\n".join(parts) + "\n"


def policies_page() -> str:
    """Write the page of documents and their fields."""
    parts = [
        "# Policies: every field",
        "",
        "`apiVersion` is `gpuclass.io/v1alpha1` (PriorityClass: `scheduling.k8s.io/v1`). Files are",
        "read strictly: `gpuclass lint` names every fault with its line. Lists and maps hold up to",
        f"{MAX_ITEMS} items unless it says otherwise. This page is written by the code",
        "(`python -m tests.docs.reference`).",
    ]
    parts += _in_a_cluster()
    for name, kind in KINDS.items():
        parts += ["", f"## {name}", "", (kind.__doc__ or "").strip(), ""]
        parts += ["| field | holds | default | meaning |", "| --- | --- | --- | --- |"]
        at = f"{kind.FIELDS_AT}." if kind.FIELDS_AT else ""
        parts += list(_rows(kind, at))
    return "\n".join(parts) + "\n"


def _in_a_cluster() -> Iterator[str]:
    """Write what a cluster has to know before it takes documents."""
    yield from _BEFORE_KINDS.splitlines()
    for plural, each in crd.RESOURCES.items():
        shown = ", ".join(column.name for column in each.columns)
        yield f"| {each.kind.__name__} | `{plural}`, `{each.short}` | {shown} |"
    yield from _AFTER_KINDS.splitlines()


def _rows(record: type, at: str) -> Iterator[str]:
    for each in properties(record):
        path = "metadata.name" if each.name == "name" and "[" not in at else f"{at}{each.name}"
        yield f"| `{path}` | {_holds(each)} | {_default(each)} | {each.about.description} |"
        inner, suffix = _inner(each.shape)
        if inner is not None:
            yield from _rows(inner, f"{path}{suffix}.")


def _inner(shape: Shape) -> tuple[type | None, str]:
    if isinstance(shape, Record):
        return shape.type, ""
    if isinstance(shape, Items):
        return _inner(shape.of)[0], "[]"
    return None, ""


def _holds(each: Property) -> str:
    about = each.about
    limits = "" if about.minimum is None else f", {about.minimum} to {about.maximum}"
    if about.max_items != MAX_ITEMS:
        limits += f", up to {about.max_items}"
    return _shape(each.shape) + limits


def _shape(shape: Shape) -> str:
    match shape:
        case Scalar(type=kind):
            return _SCALARS[kind]
        case Choice(type=kind):
            return ", ".join(f"`{value.value}`" for value in kind)
        case Items(of=item):
            return f"list: {_shape(item)}"
        case Entries(of=item):
            return f"map: {_shape(item)}"
        case Record():
            return "fields"


def _default(each: Property) -> str:
    if each.required:
        return "required"
    value = each.default
    if isinstance(value, StrEnum):
        return f"`{value.value}`"
    if isinstance(value, tuple) and value:
        return ", ".join(f"`{item}`" for item in value)
    if isinstance(value, str):
        return f"`{value}`"
    if isinstance(value, bool | int):
        return f"`{str(value).lower()}`"
    return "none"


FAMILIES: tuple[ModuleType, ...] = (
    cpu_pods,
    gpu_pods,
    waiting,
    nodes,
    pools,
    namespaces,
    daemon_sets,
)
"""The families of findings, as their page has them."""
FINDING = re.compile(r"(?m)^- `([a-z-]+)`:")

TABLE = re.compile(r"(?s)(?<=-->\n).*(?=<!-- end of table -->)")


def audit_page() -> str:
    """Write the findings, family by family, into the page of the audit."""
    page = (DOCS / "audit.md").read_text(encoding="utf-8")
    text = "\n".join(_family(each) for each in FAMILIES)
    return TABLE.sub(lambda _: text, page)


def _family(module: ModuleType) -> str:
    """Give a docstring as a section: its first line, then the findings with their severity."""
    head, _, rest = (module.__doc__ or "").strip().partition("\n")
    body = FINDING.sub(lambda found: f"- `{found[1]}` ({SEVERITIES[found[1]]}):", rest.strip())
    return f"### {head.rstrip('.')}\n\n{body}\n"


def workloads_page() -> str:
    """Write the table of shipped kinds into the page of workload kinds."""
    page = (DOCS / "workloads.md").read_text(encoding="utf-8")
    head = ["| kind | templates | may change | runs once |", "| --- | --- | --- | --- |"]
    rows = [*map(_kind_row, workload.KINDS), *map(_kind_row, shipped().workloads.values())]
    table = "\n".join([*head, *rows]) + "\n"
    return TABLE.sub(lambda _: table, page)


def _kind_row(kind: WorkloadKind) -> str:
    name = f"{kind.kind} ({kind.group})" if kind.group else kind.kind
    templates = "<br>".join(map(_template_cell, kind.templates))
    change = kind.update.value
    if kind.update is Update.WHILE_SUSPENDED:
        change += f" (`{written(kind.suspend)}`)"
    return f"| {name} | {templates} | {change} | {'yes' if kind.run_once else ''} |"


def _template_cell(template: Template) -> str:
    if template.has_metadata:
        return f"`{written(template.path)}`"
    places = " or ".join(f"`{written(each)}`" for each in template.places)
    return f"`{written(template.path)}`, annotations at {places}"


PAGES: Mapping[str, Callable[[], str]] = {
    "rules.md": rules_page,
    "policies.md": policies_page,
    "workloads.md": workloads_page,
    "audit.md": audit_page,
    "metrics.md": metrics_page,
    "dashboards.md": dashboards_page,
}


if __name__ == "__main__":
    for name, page in PAGES.items():
        (DOCS / name).write_text(page(), encoding="utf-8")
