"""Documents as the files of a repository of policies: their text, their places, and writing them.

The text is read back by `core.policy.strict_yaml`: whatever YAML readers differ about is quoted. A
folder is written whole or not at all, and nothing that is there is overwritten unasked.
"""

import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import yaml

from webhook.core.adopt.derived import Derived
from webhook.core.errors import OperatorError
from webhook.core.policy.scalars import objection, resolve

_WIDTH = 10_000
"""No line is broken."""

FOLDERS: Mapping[str, str] = {"GPUNodePool": "pools", "GPUNode": "nodes", "GPUClass": "classes"}
"""Kinds of which each document has a file of its own."""
FILES: Mapping[str, str] = {"PriorityClass": "priorityclasses.yaml", "GPUPolicy": "policy.yaml"}
ORDER = ("PriorityClass", *FOLDERS, "GPUPolicy")
"""What is named comes before what names it."""

KUSTOMIZATION = "kustomization.yaml"


class _Dumper(yaml.SafeDumper):
    """Quotes what readers of YAML 1.1 and 1.2 would read differently."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    is_plain = objection(text) is None and resolve(text) == text
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if is_plain else '"')


_Dumper.add_representer(str, _text)


def text(document: Derived) -> str:
    """Write a document, with its comment above it."""
    return "".join(f"# {line}\n" for line in document.comment) + _yaml(document.value)


def _yaml(value: object) -> str:
    written: str = yaml.dump(
        value, Dumper=_Dumper, sort_keys=False, width=_WIDTH, allow_unicode=True
    )
    return written


def stream(documents: Iterable[Derived]) -> str:
    """Write documents as one text, in the order in which they can be applied."""
    return "---\n".join(map(text, _ordered(documents)))


def files(documents: Iterable[Derived]) -> Mapping[str, str]:
    """Give the text of each file by its path in the folder, kustomize's own among them."""
    places: dict[str, list[Derived]] = {}
    for each in _ordered(documents):
        places.setdefault(_place(each), []).append(each)
    found = {place: stream(those) for place, those in places.items()}
    tops = list(dict.fromkeys(place.partition("/")[0] for place in found))
    for folder in FOLDERS.values():
        names = [place.partition("/")[2] for place in found if place.startswith(f"{folder}/")]
        if names:
            found[f"{folder}/{KUSTOMIZATION}"] = _kustomization(names)
    return {**found, KUSTOMIZATION: _kustomization(tops)}


def _ordered(documents: Iterable[Derived]) -> Sequence[Derived]:
    return sorted(documents, key=lambda each: (ORDER.index(_kind(each)), name(each)))


def _kind(document: Derived) -> str:
    return str(document.value["kind"])


def name(document: Derived) -> str:
    """Give the name of a document."""
    metadata = document.value["metadata"]
    return str(metadata["name"]) if isinstance(metadata, Mapping) else ""


def _place(document: Derived) -> str:
    kind = _kind(document)
    return f"{FOLDERS[kind]}/{name(document)}.yaml" if kind in FOLDERS else FILES[kind]


def _kustomization(names: Sequence[str]) -> str:
    return _yaml(
        {
            "apiVersion": "kustomize.config.k8s.io/v1beta1",
            "kind": "Kustomization",
            "sortOptions": {"order": "fifo"},
            "resources": list(names),
        }
    )


def write(folder: Path, texts: Mapping[str, str], *, is_forced: bool) -> tuple[Path, ...]:
    """Write the files of a folder; give those documents' files that were there and are no part.

    OperatorError says that something is there already (unless forced), or that it can not be
    written.
    """
    try:
        there = sorted(folder.iterdir()) if folder.exists() else []
        if there and not is_forced:
            raise OperatorError(
                f"{folder}: not empty ({there[0].name} is there): name another folder, or add "
                "--force to overwrite files of the same names"
            )
        folder.parent.mkdir(parents=True, exist_ok=True)
        _replace(folder, texts)
        return tuple(_others(folder, texts))
    except OSError as error:
        where = error.filename or folder
        raise OperatorError(f"{where}: can not be written: {error.strerror}") from error


def _replace(folder: Path, texts: Mapping[str, str]) -> None:
    """Write all files beside the folder first, so that a full disk leaves nothing half."""
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as made:
        staged = Path(made) / "new"
        for place, content in texts.items():
            path = staged / place
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
        for place in texts:
            target = folder / place
            target.parent.mkdir(parents=True, exist_ok=True)
            (staged / place).replace(target)


def _others(folder: Path, texts: Mapping[str, str]) -> Iterator[Path]:
    """Give files in our places that hold none of the documents: of those that are gone, perhaps."""
    for place in (*FOLDERS.values(), "."):
        for path in sorted((folder / place).glob("[!.]*.yaml")):
            if path.relative_to(folder).as_posix() not in texts:
                yield path
