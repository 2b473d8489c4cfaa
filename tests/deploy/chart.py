"""The templates of deploy/chart, made from deploy/base: `make chart` writes them anew.

A template is the text of a file of the base without its comments, in which values stand in for some
fields (PUTS), something may follow a field (ADDED), and which is wanted or not (GUARDS). What is
written by hand beside them (values.yaml, the schema, the notes) is not its business.
"""

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import yaml

from webhook.core import registration

ROOT = Path(__file__).parents[2]
BASE, CHART = ROOT / "deploy" / "base", ROOT / "deploy" / "chart"
CRDS, CERT_MANAGER = ROOT / "deploy" / "crds", ROOT / "deploy" / "overlays" / "cert-manager"
CLIENT_CERTIFICATES = ROOT / "deploy" / "client-certificates"
TEMPLATES = CHART / "templates"

Steps: TypeAlias = tuple[str | int, ...]
Edit: TypeAlias = tuple[int, int, str]
"""Of a text: from where, to where, and what comes there."""

POD: Steps = ("spec", "template", "spec")
CONTAINER: Steps = (*POD, "containers", 0)
TERM: Steps = (
    *(*POD, "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution"),
    *("nodeSelectorTerms", 0),
)
PROGRAMS = {"gpuclass": "server", "gpuclass-controller": "controller"}
"""Deployments, and the key of values.yaml that is about each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Put:
    """A template's expression in the place of a field.

    `value` is its place in values.yaml (`server.replicas`), whose default is what the base has.
    """

    kind: str
    name: str
    path: Steps
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """Lines that follow a field, indented as it is."""

    kind: str
    name: str
    path: Steps
    lines: str


def _optional(value: str, lines: str) -> str:
    return f"{{{{- with .Values.{value} }}}}\n{lines}\n{{{{- end }}}}"


def _of_pods(field: str) -> str:
    return _optional(field, f"{field}:\n  {{{{- toYaml . | nindent 8 }}}}")


SWITCHED: Mapping[str, Path] = {
    "certManager.enabled": CERT_MANAGER,
    "clientCertificates.enabled": CLIENT_CERTIFICATES,
}
"""Overlays and components whose patches a value turns on."""


def patches() -> Iterator[Added]:
    """Give what they add to lists of the base: patches that do anything else are refused."""
    for value, folder in SWITCHED.items():
        overlay = yaml.safe_load((folder / "kustomization.yaml").read_text(encoding="utf-8"))
        for patch in overlay["patches"]:
            for each in yaml.safe_load(patch["patch"]):
                *path, last = each["path"].removeprefix("/").split("/")
                if (each["op"], last) != ("add", "-"):
                    raise ValueError(f"{folder}: a chart has no way to {each['op']} {each['path']}")
                item = yaml.safe_dump([each["value"]], sort_keys=False).rstrip()
                yield Added(
                    kind=patch["target"]["kind"],
                    name=patch["target"]["name"],
                    path=tuple(int(step) if step.isdigit() else step for step in path),
                    lines=f"{{{{- if .Values.{value} }}}}\n{item}\n{{{{- end }}}}",
                )


PUTS = (
    *(
        Put(kind="Deployment", name=name, path=path, value=value)
        for name, key in PROGRAMS.items()
        for path, value in (
            (("spec", "replicas"), f"{key}.replicas"),
            ((*POD, "priorityClassName"), "priorityClassName"),
            ((*TERM, "matchExpressions"), "nodeExpressions"),
            ((*CONTAINER, "imagePullPolicy"), "image.pullPolicy"),
            ((*CONTAINER, "resources"), f"{key}.resources"),
        )
    ),
    Put(
        kind="ResourceQuota",
        name="gpuclass-critical-pods",
        path=("spec", "scopeSelector", "matchExpressions", 0, "values", 0),
        value="priorityClassName",
    ),
)
ADDED = (
    *patches(),
    *(
        Added(kind="Deployment", name=name, path=path, lines=lines)
        for name, key in PROGRAMS.items()
        for path, lines in (
            ((*POD, "serviceAccountName"), _of_pods("imagePullSecrets")),
            ((*POD, "priorityClassName"), _of_pods("nodeSelector")),
            ((*POD, "terminationGracePeriodSeconds"), _of_pods("tolerations")),
            ((*CONTAINER, "args"), _optional(f"{key}.args", "{{- toYaml . | nindent 12 }}")),
        )
    ),
)
IMAGE = '{{ include "gpuclass.image" . }}'
GUARDS: Mapping[str, str] = {
    "namespace.yaml": "namespace.create",
    "networkpolicy.yaml": "networkPolicy.enabled",
    "certificates.yaml": "certManager.enabled",
    "crds": "crds.install",
}
"""Files, or a folder of them, that are rendered where a value says so."""

KEPT = {"helm.sh/resource-policy": "keep"}
"""`helm uninstall` leaves our kinds, and with them every document."""


def templates() -> Iterator[tuple[Path, str]]:
    """Give every template by its path below deploy/chart/templates."""
    for source in _sources():
        folder = "crds" if source.parent == CRDS else ""
        text = template(source.read_text(encoding="utf-8"))
        guard = GUARDS.get(folder or source.name)
        if guard:
            text = f"{{{{- if .Values.{guard} }}}}\n{text}{{{{- end }}}}\n"
        place = source.relative_to(ROOT)
        made = f"{{{{- /* Made by `make chart` from {place}. */ -}}}}\n{text}"
        yield Path(folder, source.name), made


def _sources() -> Iterator[Path]:
    """Give the files of the base, of our kinds, and of the overlay for cert-manager."""
    for folder in (BASE, CRDS, CERT_MANAGER):
        yield from sorted(set(folder.glob("*.yaml")) - {folder / "kustomization.yaml"})


def template(text: str) -> str:
    """Give a file of the base as a template; LookupError names a field that is not there."""
    assert "{{" not in text, "what is to become a template is one already"
    lines = text.splitlines(keepends=True)
    bare = "".join(each for each in lines if not each.lstrip().startswith("#"))
    edits = [edit for root in yaml.compose_all(bare) for edit in _edits(root)]
    parts, at = [], 0
    for start, end, new in sorted(edits, key=lambda edit: edit[0]):
        parts += [bare[at:start], new]
        at = end
    return "".join((*parts, bare[at:])).replace(registration.NAMESPACE, "{{ .Release.Namespace }}")


def _edits(root: yaml.Node) -> Iterator[Edit]:
    """Give what becomes of the fields of a document."""
    identity = kind, _ = _identity(root)
    for put in PUTS:
        if (put.kind, put.name) == identity:
            yield _replaced(find(root, put.path)[1], put.value)
    for added in ADDED:
        if (added.kind, added.name) == identity:
            yield _followed(*find(root, added.path), added.lines)
    if kind == "Deployment":
        _, image = find(root, (*CONTAINER, "image"))
        yield image.start_mark.index, _end(image), IMAGE
    if kind == "CustomResourceDefinition":
        lines = yaml.safe_dump({"annotations": _annotations()}).rstrip()
        yield _followed(*find(root, ("metadata", "name")), lines)


def _annotations() -> dict[str, str]:
    """Give the annotations of our kinds: those of the base, and Helm's."""
    text = (CRDS / "kustomization.yaml").read_text(encoding="utf-8")
    return {**yaml.safe_load(text)["commonAnnotations"], **KEPT}


def defaults(put: Put) -> list[object]:
    """Give what the base has where a value is put."""
    roots = (root for each in _sources() for root in yaml.compose_all(each.read_text("utf-8")))
    found = [root for root in roots if _identity(root) == (put.kind, put.name)]
    return [yaml.safe_load(yaml.serialize(find(root, put.path)[1])) for root in found]


def find(root: yaml.Node, path: Steps) -> tuple[yaml.Node, yaml.Node]:
    """Give the node at a path, after the key that it belongs to."""
    key = node = root
    for step in path:
        if isinstance(node, yaml.MappingNode):
            pairs = [pair for pair in node.value if pair[0].value == step]
            if not pairs:
                at = f"the document that begins in line {root.start_mark.line + 1}"
                raise LookupError(f"{'.'.join(map(str, path))}: is not in {at}")
            key, node = pairs[0]
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int):
            node = node.value[step]
    return key, node


def _identity(root: yaml.Node) -> tuple[str, str]:
    """Give kind and name of a document."""
    kind, name = find(root, ("kind",))[1], find(root, ("metadata", "name"))[1]
    return str(kind.value), str(name.value)


def _replaced(node: yaml.Node, value: str) -> Edit:
    """Put a value in the place of a scalar, or of a block that begins in this column."""
    column = node.start_mark.column
    new = f"{{{{ .Values.{value} }}}}"
    if not isinstance(node, yaml.ScalarNode):
        new = f"{{{{- toYaml .Values.{value} | nindent {column} }}}}"
    return node.start_mark.index, _end(node), new


def _followed(key: yaml.Node, node: yaml.Node, lines: str) -> Edit:
    """Put lines after a node: items after the last item of a list, else fields after a field."""
    column = (node if isinstance(node, yaml.SequenceNode) else key).start_mark.column
    end = _end(node)
    return end, end, "".join(f"\n{' ' * column}{line}" for line in lines.splitlines())


def _end(node: yaml.Node) -> int:
    """Give where a node's text ends; a block's own mark is where the next thing begins."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style:
        last = node.value[-1]
        return _end(last[1] if isinstance(node, yaml.MappingNode) else last)
    return int(node.end_mark.index)


def write() -> None:
    """Write the templates, and take away those of files that are no more."""
    for stale in (*TEMPLATES.glob("*.yaml"), TEMPLATES / "crds"):
        shutil.rmtree(stale) if stale.is_dir() else stale.unlink(missing_ok=True)
    for path, text in templates():
        (TEMPLATES / path).parent.mkdir(parents=True, exist_ok=True)
        (TEMPLATES / path).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write()
