"""Every mention of gpuclass's own version in the repository: `make version VERSION=1.2.3` sets all.

A mention is told by what is before it, so that a new one needs no list; a test finds what is none.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]

MENTION = re.compile(
    r"""(?P<before>
      __version__\ =\ "              # webhook/__init__.py, from which all others are
    | gpuclass[:-]                   # an image, a wheel, a chart
    | gpuclass==                     # what pip installs
    | gpuclass\S*\.git//\S*\?ref=v   # a source of Terraform
    | gpuclass//\S*\?ref=v           # a resource of kustomize
    | /gpuclass,\ newTag:\ "         # an image, as kustomize has it
    | image\.version="               # a label of the image
    | ^version:\ | ^appVersion:\ "   # Chart.yaml
    )(?P<version>\d+\.\d+\.\d+)""",
    re.VERBOSE | re.MULTILINE,
)
OTHERS = re.compile(
    r"(^|/)(go\.(mod|sum)|CHANGELOG\.md|release\.md|.*\.lock\.hcl)$"
    r"|^(requirements|docs/benchmarks|tests)/|^docs/benchmarks\.md$"
)
"""Files about the versions of others, records of what was, and what is made up."""


def files() -> Iterator[Path]:
    """Give every file of the repository that may mention our version."""
    names = subprocess.run(
        ["git", "ls-files", "-z"],  # noqa: S607 - the git that everybody has
        cwd=ROOT,
        capture_output=True,
        check=True,
        encoding="utf-8",
    ).stdout
    for name in names.split("\0"):
        path = ROOT / name
        if name and not OTHERS.search(name) and path.is_file() and not path.is_symlink():
            yield path


def mentions(text: str) -> list[tuple[int, str]]:
    """Give the line and the version of every mention."""
    return [
        (text.count("\n", 0, each.start("version")) + 1, each["version"])
        for each in MENTION.finditer(text)
    ]


def set_all(version: str) -> list[Path]:
    """Have every mention be of a version; give the files that changed."""
    changed = []
    for path in files():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        new = MENTION.sub(lambda found: f"{found['before']}{version}", text)
        if new != text:
            path.write_text(new, encoding="utf-8")
            changed.append(path)
    return changed


def main(arguments: list[str]) -> int:
    """Set the version that is named; say which files changed."""
    version = arguments[0] if arguments else ""
    if not re.fullmatch(r"\d+\.\d+\.\d+", version):
        sys.stderr.write(f"make version VERSION={version}: expected three numbers, 1.2.3\n")
        return 2
    for path in set_all(version):
        sys.stdout.write(f"{path.relative_to(ROOT)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
