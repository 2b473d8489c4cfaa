"""Files of Node objects, such as `kubectl get nodes -o yaml` writes: what `--nodes` names.

It reads them and says what is none; what a node means to a decision is the core's business.
"""

from collections.abc import Iterable
from typing import BinaryIO

from webhook.cli import manifests
from webhook.cli.manifests import Manifest
from webhook.core.errors import Fault


def read(names: Iterable[str], stdin: BinaryIO) -> tuple[list[Manifest], list[Fault]]:
    """Give the Nodes of files, folders and standard input (`-`), and all that is wrong there."""
    nodes: list[Manifest] = []
    faults: list[Fault] = []
    for name in names:
        found = list(manifests.read([name], stdin))
        for each in found:
            if isinstance(each, Fault):
                faults.append(each)
            elif (each.kind, each.api_version) != ("Node", "v1"):
                faults.append(each.fault("kind", f"expected Node (v1), found {called(each)}"))
            elif not each.name:
                faults.append(each.fault("metadata", "a Node needs a name"))
            else:
                nodes.append(each)
        if not found:
            faults.append(Fault(source=name, line=0, path="", message="no Node in it"))
    return nodes, faults


def called(manifest: Manifest) -> str:
    """Name a kind with its version: `Pod (v1)`."""
    return f"{manifest.kind} ({manifest.api_version})"
