"""The objects as they were before they are written again: what `review --old` names.

An object of the input is an UPDATE of the one that has its group, kind, namespace and name; one
that has none is new. What an update comes to is no business of this module.
"""

from collections.abc import Iterable, Mapping
from typing import BinaryIO, TypeAlias

from webhook.cli import manifests
from webhook.cli.manifests import Manifest
from webhook.core.errors import Fault
from webhook.core.paths import at

Identity: TypeAlias = tuple[str, str, str, str]
"""Group, kind, namespace and name."""


def read(
    names: Iterable[str], stdin: BinaryIO, namespace: str
) -> tuple[dict[Identity, Manifest], list[Fault]]:
    """Give the objects of files, folders and standard input by identity, and what is wrong there.

    Objects without a namespace are in `namespace`.
    """
    former: dict[Identity, Manifest] = {}
    faults: list[Fault] = []
    for name in names:
        found = list(manifests.read([name], stdin, namespace))
        if not found:
            faults.append(Fault(source=name, line=0, path="", message="no manifest in it"))
        for each in found:
            wrong = each if isinstance(each, Fault) else _keep(each, former)
            faults += [wrong] if wrong else []
    return former, faults


def of(manifest: Manifest, former: Mapping[Identity, Manifest]) -> Manifest | None:
    """Give what an object was before; None where it is new."""
    key = _identity(manifest)
    return former.get(key) if key else None


def unused(given: Iterable[Manifest], former: Mapping[Identity, Manifest]) -> Fault | None:
    """Say that nothing is an update at all: a name is misspelt, or the file is another."""
    if not former or any(of(each, former) for each in given):
        return None
    kind, namespace, name = next(iter(former))[1:]
    message = (
        f"nothing in the input is an update: none of its objects has the kind, namespace and name "
        f"of one here, such as {kind} {namespace}/{name}"
    )
    return Fault(source=next(iter(former.values())).source, line=0, path="", message=message)


def _keep(manifest: Manifest, former: dict[Identity, Manifest]) -> Fault | None:
    key = _identity(manifest)
    if key is None:
        return manifest.fault("metadata", "an object that was there before has a name")
    first = former.setdefault(key, manifest)
    if first is manifest:
        return None
    place = f"{first.source}:{first.line}"
    return manifest.fault("metadata.name", f"{' '.join((key[1], key[3]))} is at {place} already")


def _identity(manifest: Manifest) -> Identity | None:
    """Give what an object is found by; one of a generated name is always new."""
    name = at(manifest.value, ("metadata", "name"))
    if not isinstance(name, str) or not name:
        return None
    group = manifest.api_version.rpartition("/")[0]
    return group, manifest.kind, manifest.namespace, name
