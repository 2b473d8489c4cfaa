"""Whether a manifest has the shape of its kind, as far as decisions read it; if not, where not.

The API server decodes an object before any webhook sees it, so a webhook never meets text where a
map belongs. A manifest from a file was decoded by nobody: what the API server would refuse is a
fault with its line here.
"""

from collections.abc import Iterator

import msgspec

from webhook.cli import fields
from webhook.cli.manifests import Manifest, shape
from webhook.core import quantity, workload
from webhook.core.errors import Fault, RequestError
from webhook.core.patch import JSON
from webhook.core.pod import Pod
from webhook.core.workload import JSONObject, Path, WorkloadKind

_TEXT_MAPS: tuple[Path, ...] = (
    ("metadata", "labels"),
    ("metadata", "annotations"),
    ("spec", "nodeSelector"),
)


def check(manifest: Manifest, row: WorkloadKind | None) -> Fault | None:
    """Find the first field whose type is wrong; None where there is none, or nothing to read."""
    if row is None and (manifest.kind, manifest.api_version) != ("Pod", "v1"):
        return None
    template = row.template if row else ()
    return (
        _check_parents(manifest, row)
        or _check_pod(manifest, template)
        or _check_amounts(manifest, template)
    )


def filled(value: JSON, row: WorkloadKind | None) -> JSON:
    """Give an object as the API server hands it on: nothing in a map of text is empty text."""
    if not isinstance(value, dict):
        return value
    for path in (*_TEXT_MAPS, *((*row.template, *each) for each in _TEXT_MAPS if row)):
        texts = workload.at(value, path)
        if isinstance(texts, dict) and None in texts.values():
            whole: JSON = {key: "" if text is None else text for key, text in texts.items()}
            value = workload.put(value, path, whole)
    return value


def _check_parents(manifest: Manifest, row: WorkloadKind | None) -> Fault | None:
    """Find a parent of the pod template, or of an annotation that counts, which is no mapping."""
    if row is None:
        return None
    metadata = (*((*each, "metadata") for each in row.nearer), (*row.template, "metadata"))
    wanted = (*metadata, *((*each, "annotations") for each in metadata), (*row.template, "spec"))
    for path in wanted:
        for depth in range(1, len(path) + 1):
            value = workload.at(manifest.value, path[:depth])
            if value is not None and not isinstance(value, dict):
                return _wrong(manifest, ".".join(path[:depth]), "a mapping")
    return None


def _check_pod(manifest: Manifest, template: Path) -> Fault | None:
    """Decode the pod as decisions do."""
    value = _pod(manifest.value, template)
    try:
        msgspec.json.decode(msgspec.json.encode(value), type=Pod)
    except msgspec.ValidationError as error:
        return _explain(manifest, template, value, str(error))
    return None


def _pod(document: JSONObject, template: Path) -> JSONObject:
    part = filled(workload.at(document, template), None)
    pod = part if isinstance(part, dict) else {}
    return {name: pod.get(name) or {} for name in ("metadata", "spec")} if template else pod


def _explain(manifest: Manifest, template: Path, pod: JSONObject, text: str) -> Fault:
    """Turn an error of msgspec into a fault at the field that it means."""
    within, message = fields.explain(text, pod)
    path = ".".join((*template, *([within] if within else [])))
    wanted = message.removeprefix("expected ").partition(", found ")
    return _wrong(manifest, path, wanted[0]) if wanted[1] else manifest.fault(path, message)


def _wrong(manifest: Manifest, path: str, expected: str) -> Fault:
    node = fields.find(manifest.located, path)
    advice = ": quote it" if expected == "text" and isinstance(node.value, int | float) else ""
    return manifest.fault(path, f"expected {expected}, found {shape(node)}{advice}")


def _check_amounts(manifest: Manifest, template: Path) -> Fault | None:
    """Find an amount of an extended resource that is no quantity."""
    for path, amount in _amounts(manifest.value, template):
        try:
            quantity.parse(amount)
        except RequestError as error:
            return manifest.fault(path, str(error))
    return None


def _amounts(document: JSONObject, template: Path) -> Iterator[tuple[str, str]]:
    for group in ("containers", "initContainers"):
        containers = workload.at(document, (*template, "spec", group))
        for index, container in enumerate(containers if isinstance(containers, list) else ()):
            for part in ("limits", "requests"):
                amounts = workload.at(container, ("resources", part))
                for name, amount in amounts.items() if isinstance(amounts, dict) else ():
                    if "/" in name and isinstance(amount, str):
                        place = ".".join((*template, f"spec.{group}[{index}].resources.{part}"))
                        yield fields.join(place, name), amount
