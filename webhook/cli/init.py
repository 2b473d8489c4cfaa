"""`gpuclass init`: a repository of one's own, from what is shipped, ready to commit."""

import re
import shlex
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import webhook
from webhook.cli import tree
from webhook.cli.console import Console, Ink
from webhook.cli.tree import Site
from webhook.core.errors import OperatorError

SHIPPED = Path(webhook.__file__).parent / "shipped"
"""deploy/ and policies/ as far as they are written: links in a checkout, files in a wheel."""

_CREDENTIAL = re.compile(r"[a-z+]+://[^/]*:[^/]*@")
_NAME = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_TAGGED = re.compile(r"[^@]*(:[^/]+|@sha256:[0-9a-f]{64})")
_EXPECTED = {
    "--repo-url": (
        re.compile(r"((https?|ssh|file)://|git@)[A-Za-z0-9._~:/@%+-]+"),
        "the address of a repository, https://git.example.com/platform/gpus.git",
    ),
    "--revision": (
        re.compile(r"(?!.*(\.\.|//|\.lock$))[A-Za-z0-9_]([A-Za-z0-9._/-]*[A-Za-z0-9_-])?"),
        "a branch or tag, main",
    ),
    "--image": (
        # As registries have it: github.com/distribution/reference.
        re.compile(
            rf"([A-Za-z0-9.-]+(:\d+)?/)?{_NAME}(/{_NAME})*"
            r"(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}|@sha256:[0-9a-f]{64})?"
        ),
        "the name of an image, registry.example.com/gpuclass",
    ),
    "--package": (
        re.compile(r"gpuclass\b[ -~]*"),
        f"what pip installs, gpuclass=={webhook.__version__}",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What is written, and where; of what is None this version of the program has its own."""

    folder: Path
    repo_url: str
    revision: str
    image: str | None
    package: str | None
    without: frozenset[str]
    is_dry_run: bool


def run(setting: Setting, console: Console) -> int:
    """Write the repository and say what was written; OperatorError: nothing was."""
    site = site_of(setting)
    files = tree.plan(shipped(), site)
    _refuse_occupied(setting.folder)
    if setting.is_dry_run:
        console.print(f"would write {len(files)} files to {setting.folder}:")
        for place in sorted(files):
            console.print(f"  {place}")
        return 0
    write(files, setting.folder)
    _report(setting.folder, site, files, console)
    return 0


def site_of(setting: Setting) -> Site:
    """Check what is put into files; OperatorError names the flag and what was expected."""
    image = setting.image or "gpuclass"
    package = setting.package or f"gpuclass=={webhook.__version__}"
    if _CREDENTIAL.match(setting.repo_url):
        raise OperatorError(
            "--repo-url holds a credential, which everybody who reads Applications would see: "
            "leave it out, and give Argo CD a Secret that has it"
        )
    given = (setting.repo_url, setting.revision, image, package)
    for (flag, (pattern, expected)), value in zip(_EXPECTED.items(), given, strict=True):
        if not pattern.fullmatch(value):
            raise OperatorError(f"{flag} {value!r}: expected {expected}")
    return Site(
        repo_url=setting.repo_url,
        revision=setting.revision,
        image=image if _TAGGED.fullmatch(image) else f"{image}:{webhook.__version__}",
        package=package,
        without=setting.without,
    )


def shipped(folder: Path = SHIPPED) -> dict[PurePosixPath, str]:
    """Read every file that is shipped, by its path in gpuclass's own repository."""
    found = {}
    for name in tree.PLACES:
        root = (folder / name).resolve()
        for path in (root, *root.rglob("*")):
            if path.is_file():
                place = PurePosixPath(name, *path.relative_to(root).parts)
                found[place] = path.read_text(encoding="utf-8")
    return found


def _refuse_occupied(folder: Path) -> None:
    """Refuse a folder that is there, and one that nothing can be written into."""
    parent = folder.absolute().parent
    if not parent.is_dir():
        raise OperatorError(f"{folder}: there is no folder {parent}: make it first")
    if folder.exists() or folder.is_symlink():
        raise OperatorError(
            f"{folder}: is there already: name a folder that is not, and take over what you want"
        )


def write(files: Mapping[PurePosixPath, str], folder: Path) -> None:
    """Write all files beside the folder, then rename: it is there whole, or not at all."""
    try:
        with tempfile.TemporaryDirectory(prefix=".gpuclass-", dir=folder.absolute().parent) as made:
            staged = Path(made) / "tree"
            for place, text in files.items():
                path = staged / place
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
            staged.rename(folder)
    except OSError as error:
        raise OperatorError(f"{folder}: can not be written: {error.strerror}") from error


_PARTS = {
    "policies": "what decides: pools, classes, the GPUPolicy; cases that CI replays",
    tree.APPLICATIONS: "the Applications, each with its project; site.yaml has what is yours",
    f"{tree.KUBERNETES}/gpuclass": "the webhook and its controller",
    f"{tree.KUBERNETES}/gpu-nodes": "single nodes, how devices are shared, what teams may take",
    f"{tree.KUBERNETES}/monitoring": "scraping, rules, alerts, dashboards",
    f"{tree.KUBERNETES}/workloads": "workloads to start from",
    "runbooks": "a page for each alert",
}


def _report(folder: Path, site: Site, files: Mapping[PurePosixPath, str], console: Console) -> None:
    """Say what was written, and what comes next."""
    console.print(f"wrote {len(files)} files to {folder}; README.md says how to change them")
    for part, purpose in _PARTS.items():
        count = sum(place.is_relative_to(part) for place in files)
        if count:
            console.print(f"  {count:3} {part + '/':37} {purpose}")
    console.print(f"\n{console.paint('next:', Ink.BOLD)}")
    for line in _next(folder, site):
        console.print(f"  {line}")


def _next(folder: Path, site: Site) -> Iterator[str]:
    """Give the commands that come next, each to be pasted as it is."""
    git, root = f"git -C {shlex.quote(str(folder))}", shlex.quote(str(folder / tree.ROOT))
    address = f"--repo-url {site.repo_url} --path {tree.APPLICATIONS} --revision {site.revision}"
    yield f"{git} init -b {site.revision} && {git} add . && {git} commit -m 'GPU nodes from Git'"
    yield f"{git} remote add origin {site.repo_url} && {git} push -u origin {site.revision}"
    yield f"kubectl apply --server-side -f {root}  # where Argo CD is"
    yield f"deploy/bootstrap/argocd {address}  # where it is not: a script of gpuclass's repository"
