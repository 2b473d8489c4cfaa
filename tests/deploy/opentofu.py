"""Where OpenTofu comes from: built once from its Go module into the user's cache, or on PATH.

`make tofu` (or `python -m tests.deploy.opentofu`) builds it; the tests only look for it. Terraform
on PATH is found too: the module is for both.
"""

import shutil
import sys
from pathlib import Path

from tests.cluster.gobuild import Program
from tests.deploy import built
from tests.deploy.built import MODULES, Tool

TOFU = Tool(
    program=Program(
        name="tofu",
        module=MODULES / "opentofu",
        package="github.com/opentofu/opentofu/cmd/tofu",
        ldflags="-s -w -X github.com/opentofu/opentofu/version.dev=no",
        minutes=6,
    ),
    version="1.12.6",
)


def find(name: str) -> Path | None:
    """Give `tofu` or `terraform`, if it is here; nothing is built."""
    if name == TOFU.program.name and (cached := TOFU.find()):
        return cached
    installed = shutil.which(name)
    return Path(installed) if installed else None


if __name__ == "__main__":
    sys.exit(built.main(TOFU.build))
