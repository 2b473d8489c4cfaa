"""deploy/argocd as kustomize builds it: Applications with their projects, and what they sync."""

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import yaml

from tests.cluster.binaries import Binaries
from tests.deploy.test_kustomize import build

ROOT = Path(__file__).parents[2]
ARGOCD = ROOT / "deploy" / "argocd"

OF_THE_CLUSTER = {
    *("ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition", "Namespace"),
    *("PriorityClass", "RuntimeClass", "GPUClass", "GPUNode", "GPUNodePool", "GPUPolicy"),
}
"""Kinds without a namespace, of those that lie in this repository."""

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """An Application and the project that it is of."""

    project: Json
    application: Json

    @property
    def source(self) -> Json:
        """Give where it syncs from."""
        found: Json = self.application["spec"]["source"]
        return found

    @property
    def policy(self) -> Json:
        """Give how it syncs."""
        found: Json = self.application["spec"]["syncPolicy"]
        return found

    @property
    def wave(self) -> int:
        """Give when it is synced."""
        return int(self.application["metadata"]["annotations"]["argocd.argoproj.io/sync-wave"])

    def admits(self, document: Json) -> bool:
        """Tell whether the project lets this object in, by its kind, name and namespace."""
        return any(self.entries(document)) and self._reaches(document)

    def entries(self, document: Json) -> Iterator[Json]:
        """Give the entries of the project's lists that let this object in."""
        spec, kind = self.project["spec"], document["kind"]
        group, _, _ = document["apiVersion"].rpartition("/")
        if kind in OF_THE_CLUSTER:
            listed = spec.get("clusterResourceWhitelist", [])
        else:
            listed = spec.get("namespaceResourceWhitelist", [{"group": "*", "kind": "*"}])
        for each in listed:
            is_kind = each["group"] in {group, "*"} and each["kind"] in {kind, "*"}
            if is_kind and fnmatchcase(document["metadata"]["name"], each.get("name", "*")):
                yield each

    def _reaches(self, document: Json) -> bool:
        """Tell whether the object's namespace is one of the project's destinations."""
        own = self.application["spec"]["destination"].get("namespace", "")
        namespace = document["metadata"].get("namespace", own)
        allowed = [each["namespace"] for each in self.project["spec"]["destinations"]]
        return document["kind"] in OF_THE_CLUSTER or any(
            fnmatchcase(namespace, each) for each in allowed
        )


def parts(binaries: Binaries, folder: Path = ARGOCD) -> Mapping[str, Part]:
    """Build the folder; every Application has a project of its name."""
    found = build(binaries, folder)
    names = sorted(name for kind, name in found if kind == "Application")
    assert len(found) == 2 * len(names)
    return {
        name: Part(project=found["AppProject", name], application=found["Application", name])
        for name in names
    }


def synced(binaries: Binaries, part: Part, folder: Path) -> Mapping[tuple[str, str], Json]:
    """Build what an Application syncs from this repository, with the patches that it adds."""
    folder.mkdir()
    (folder / "base").symlink_to(ROOT)
    patches = part.source.get("kustomize", {}).get("patches", [])
    document = {"resources": [f"base/{part.source['path']}"], "patches": patches}
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")
    return build(binaries, folder)


def as_root_patches_it(folder: Path, url: str, revision: str) -> Path:
    """Give a copy of deploy/argocd with the patches of root.yaml, as Argo CD makes one."""
    copy = folder / "argocd"
    shutil.copytree(ARGOCD, copy)
    text = (ROOT / "deploy" / "bootstrap" / "root.yaml").read_text(encoding="utf-8")
    text = text.replace('"REPO_URL"', f'"{url}"').replace('"REVISION"', f'"{revision}"')
    _, root = yaml.safe_load_all(text)
    path = copy / "kustomization.yaml"
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    document["patches"] += root["spec"]["source"]["kustomize"]["patches"]
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    return copy
