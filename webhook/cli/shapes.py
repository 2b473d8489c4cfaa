"""Whether a manifest has the shape of its kind, as far as decisions read it; if not, where not.

The API server decodes an object before any webhook sees it, so a webhook never meets text where a
map belongs. A manifest from a file was decoded by nobody: what the API server would refuse is a
fault with its line here.
"""

from collections.abc import Iterator

import msgspec

from webhook.cli import fields
from webhook.cli.manifests import Manifest, shape
from webhook.core import quantity
from webhook.core.errors import Fault, RequestError
from webhook.core.patch import JSON
from webhook.core.paths import EACH, Item, JSONObject, Path, at, expand, put, written
from webhook.core.pod import Pod
from webhook.core.template import Template
from webhook.core.workload import WorkloadKind, templates

_WHOLE = Template(path=(), annotations=("metadata", "annotations"), spec=("spec",))
"""A pod, taken as the template of itself."""


def check(manifest: Manifest, row: WorkloadKind | None) -> Fault | None:
    """Find the first field whose type is wrong; None where there is none, or nothing to read."""
    if row is None and (manifest.kind, manifest.api_version) != ("Pod", "v1"):
        return None
    wrong = _check_parents(manifest, row)
    for template in _templates(manifest.value, row):
        wrong = wrong or _check_pod(manifest, template) or _check_amounts(manifest, template)
    return wrong


def _templates(value: JSON, row: WorkloadKind | None) -> tuple[Template, ...]:
    return templates(row, value) if row else (_WHOLE,)


def filled(value: JSON, row: WorkloadKind | None) -> JSON:
    """Give an object as the API server hands it on: nothing in a map of text is empty text."""
    if not isinstance(value, dict):
        return value
    for path in _text_maps(value, row):
        texts = at(value, path)
        if isinstance(texts, dict) and None in texts.values():
            whole: JSON = {key: "" if text is None else text for key, text in texts.items()}
            value = put(value, path, whole)
    return value


def _text_maps(value: JSON, row: WorkloadKind | None) -> Iterator[Path]:
    own = () if row is None else (_WHOLE,)
    for template in (*own, *_templates(value, row)):
        yield (*template.path, "metadata", "labels")
        yield from template.places
        yield (*template.spec, "nodeSelector")


def _check_parents(manifest: Manifest, row: WorkloadKind | None) -> Fault | None:
    """Find a parent of a pod template, or of an annotation that counts, which is no mapping."""
    if row is None:
        return None
    wanted = [(*each, "metadata", "annotations") for each in row.nearer]
    for each in row.templates:
        wanted += [*each.places, each.spec]
    for pattern in wanted:
        for path in (pattern[: _known(pattern)], *expand(manifest.value, pattern)):
            wrong = _check_steps(manifest, path, pattern)
            if wrong is not None:
                return wrong
    return None


def _known(pattern: Path) -> int:
    """Give how many steps of a pattern lead to the first thing that holds many, itself included."""
    return pattern.index(EACH) if EACH in pattern else len(pattern)


def _check_steps(manifest: Manifest, path: Path, pattern: Path) -> Fault | None:
    for depth in range(1, len(path) + 1):
        value = at(manifest.value, path[:depth])
        wanted, expected = _holder(pattern[depth : depth + 1])
        if value is not None and not isinstance(value, wanted):
            return _wrong(manifest, written(path[:depth]), expected)
    return None


def _holder(step: Path) -> tuple[tuple[type, ...], str]:
    """Give what a step leads into, and how to say so."""
    match step:
        case (Item(),):
            return (list,), "a list"
        case (each,) if each == EACH:
            return (dict, list), "a list or a mapping"
        case _:
            return (dict,), "a mapping"


def _check_pod(manifest: Manifest, template: Template) -> Fault | None:
    """Decode the pod as decisions do."""
    value = _pod(manifest.value, template)
    try:
        msgspec.json.decode(msgspec.json.encode(value), type=Pod)
    except msgspec.ValidationError as error:
        return _explain(manifest, template, value, str(error))
    return None


def _pod(document: JSONObject, template: Template) -> JSONObject:
    if template is _WHOLE:
        whole = filled(document, None)
        return whole if isinstance(whole, dict) else {}
    metadata = template.metadata(document)
    pod: JSONObject = {"metadata": metadata, "spec": at(document, template.spec) or {}}
    return _pod(pod, _WHOLE)


def _explain(manifest: Manifest, template: Template, pod: JSONObject, text: str) -> Fault:
    """Turn an error of msgspec into a fault at the field that it means."""
    within, message = fields.explain(text, pod)
    path = _place(template, within)
    wanted = message.removeprefix("expected ").partition(", found ")
    return _wrong(manifest, path, wanted[0]) if wanted[1] else manifest.fault(path, message)


def _place(template: Template, within: str) -> str:
    if template is _WHOLE:
        return within
    return template.place(within) if within else written(template.path)


def _wrong(manifest: Manifest, path: str, expected: str) -> Fault:
    node = fields.find(manifest.located, path)
    advice = ": quote it" if expected == "text" and isinstance(node.value, int | float) else ""
    return manifest.fault(path, f"expected {expected}, found {shape(node)}{advice}")


def _check_amounts(manifest: Manifest, template: Template) -> Fault | None:
    """Find an amount of an extended resource that is no quantity."""
    for path, amount in _amounts(manifest.value, template):
        try:
            quantity.parse(amount)
        except RequestError as error:
            return manifest.fault(path, str(error))
    return None


def _amounts(document: JSONObject, template: Template) -> Iterator[tuple[str, str]]:
    for group in ("containers", "initContainers"):
        containers = at(document, (*template.spec, group))
        for index, container in enumerate(containers if isinstance(containers, list) else ()):
            for part in ("limits", "requests"):
                amounts = at(container, ("resources", part))
                for name, amount in amounts.items() if isinstance(amounts, dict) else ():
                    if "/" in name and isinstance(amount, str):
                        place = _place(template, f"spec.{group}[{index}].resources.{part}")
                        yield fields.join(place, name), amount
