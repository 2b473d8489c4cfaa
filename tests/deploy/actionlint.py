"""actionlint, built once from its Go module by the first test that asks.

The package of that name on PyPI has no program in it: it downloads one while it is installed.
"""

from tests.cluster.gobuild import Program
from tests.deploy.built import MODULES, Tool

ACTIONLINT = Tool(
    program=Program(
        name="actionlint",
        module=MODULES / "actionlint",
        package="github.com/rhysd/actionlint/cmd/actionlint",
        ldflags="-s -w",
        minutes=1,
    ),
    version="1.7.12",
)
