"""The repository that `gpuclass init` writes: which file goes where, and what is put into it.

Text in, text out: no file is read or written here. The files are those of `deploy/` and `policies/`
themselves; a place, an address or a name in them is replaced, nothing else.
"""

import json
import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import PurePosixPath as Place

KUBERNETES = "infrastructure/kubernetes"
APPLICATIONS = f"{KUBERNETES}/argocd"
ROOT = f"{KUBERNETES}/root.yaml"
"""The Application that brings the others."""

PLACES: Mapping[str, str] = {
    "policies": "policies",
    "deploy/policy-repository": ".",
    "deploy/bootstrap/root.yaml": ROOT,
    "deploy/argocd": APPLICATIONS,
    "deploy/base": f"{KUBERNETES}/gpuclass/base",
    "deploy/client-certificates": f"{KUBERNETES}/gpuclass/client-certificates",
    "deploy/crds": f"{KUBERNETES}/gpuclass/crds",
    "deploy/overlays": f"{KUBERNETES}/gpuclass/overlays",
    "deploy/gpu-nodes": f"{KUBERNETES}/gpu-nodes",
    "deploy/monitoring": f"{KUBERNETES}/monitoring",
    "deploy/workloads": f"{KUBERNETES}/workloads",
    "docs/runbooks": "runbooks",
}
"""Where a file or folder of gpuclass's own repository lies in the one that is written."""

OPTIONAL = ("nvidia-device-plugin", "dcgm-exporter", "monitoring", "workloads")
"""Applications that a cluster may have from elsewhere, or not want."""

_EXAMPLE_URL = "https://git.example.com/platform/gpus.git"
_EXAMPLE_RUNBOOKS = "https://git.example.com/platform/gpuclass/blob/main/docs/runbooks"
"""What shipped files have in the place of addresses."""

_PAGES = ("deploy/policy-repository", "docs/runbooks")
"""Whose Markdown is for the user; other pages are about gpuclass's own repository."""

_ELSEWHERE = re.compile(r"\[([^\]]+)\]\(\.\./[^)]*\)")
"""A link of a runbook to a page that is not written."""

_SCP = re.compile(r"(?:ssh://)?git@([^:/]+)(?::\d+(?=/))?[:/]/?")
_RELATIVE = re.compile(r"(?:\.\./)+[\w./-]+")
_MOVED = re.compile(
    rf"(?<![\w./-])(?:{'|'.join(sorted(PLACES, key=len, reverse=True))})(?![\w-])(?!\.\w)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What is the user's own.

    `image` is that of gpuclass with its registry and tag, `package` what pip installs in CI, and
    `without` are names of OPTIONAL.
    """

    repo_url: str
    revision: str
    image: str
    package: str
    without: frozenset[str] = frozenset()


def plan(files: Mapping[Place, str], site: Site) -> dict[Place, str]:
    """Give the files of the repository from those that are shipped, both by path and with text."""
    planned = {}
    for source, text in files.items():
        target = moved(source)
        if _is_wanted(source, target, site):
            placed = _MOVED.sub(lambda found: PLACES[found[0]], _relative(text, source, target))
            planned[target] = _filled(placed, target, site)
    return planned


def moved(source: Place) -> Place:
    """Give where a shipped file lies in the repository; LookupError: nowhere."""
    for parent in (source, *source.parents):
        if str(parent) in PLACES:
            return Place(PLACES[str(parent)]) / source.relative_to(parent)
    raise LookupError(f"{source} has no place in the repository")


def _is_wanted(source: Place, target: Place, site: Site) -> bool:
    """Leave out what is not wanted, and pages that are about gpuclass's own repository."""
    folder = target.relative_to(KUBERNETES).parts[0] if target.is_relative_to(KUBERNETES) else ""
    is_left_out = folder in site.without or (folder == "argocd" and target.stem in site.without)
    is_page = source.suffix == ".md" and str(source.parent) not in _PAGES
    return not is_left_out and not is_page


def _relative(text: str, source: Place, target: Place) -> str:
    """Have a kustomization name other folders from where it lies now."""
    if source.name != "kustomization.yaml":
        return text

    def there(found: re.Match[str]) -> str:
        named = Place(posixpath.normpath(source.parent / found[0]))
        return posixpath.relpath(moved(named), target.parent)

    return _RELATIVE.sub(there, text)


def _filled(text: str, target: Place, site: Site) -> str:
    """Put the user's own into a file; LookupError: a shipped file has no such place."""
    for place, pattern, value in _blanks(site):
        if str(target) == place:
            text, count = re.subn(pattern, partial(_after, value), text)
            if not count:
                raise LookupError(f"{place} has no {pattern}")
    if target.suffix == ".md":
        text = _ELSEWHERE.sub(r"\1 of gpuclass's documentation", text)
    return text.replace(_EXAMPLE_URL, site.repo_url).replace(_EXAMPLE_RUNBOOKS, _runbooks(site))


def _after(value: str, found: re.Match[str]) -> str:
    return f"{found[1]}{value}"


def _runbooks(site: Site) -> str:
    """Give where a browser finds the runbooks, as GitHub and GitLab have it."""
    web = _SCP.sub(r"https://\1/", site.repo_url).removesuffix("/").removesuffix(".git")
    return f"{web}/blob/{site.revision}/runbooks"


def _blanks(site: Site) -> Iterator[tuple[str, str, str]]:
    """Give what is filled in: in which file, after what (the only group), and with what.

    JSON is how YAML quotes, too.
    """
    url, revision, package = map(json.dumps, (site.repo_url, site.revision, site.package))
    yield f"{APPLICATIONS}/site.yaml", r"(?m)(^  repoURL: ).*", url
    yield f"{APPLICATIONS}/site.yaml", r"(?m)(^  revision: ).*", revision
    yield f"{APPLICATIONS}/site.yaml", r"(?m)(^  image: ).*", json.dumps(f"gpuclass={site.image}")
    for name in sorted(site.without):
        yield f"{APPLICATIONS}/kustomization.yaml", rf"(?m)()^  - {name}\.yaml\n", ""
    for blank, value in (("REPO_URL", url), ("REVISION", revision)):
        yield ROOT, rf'()"{blank}"', value
    yield ROOT, r'()"REPO_PATH"', json.dumps(APPLICATIONS)
    yield ".github/workflows/policies.yaml", r"(?m)(^  GPUCLASS: ).*", package
    yield ".github/workflows/policies.yaml", r"(?m)(^  WORKLOADS: ).*", f"{KUBERNETES}/workloads"
    yield ".github/workflows/policies.yaml", r"(    branches: )\[main\]", f"[{revision}]"
    yield ".pre-commit-config.yaml", r"(additional_dependencies: &gpuclass )\[.*\]", f"[{package}]"
    yield ".pre-commit-config.yaml", r"(files: )\^workloads/", f"^{KUBERNETES}/workloads/"
