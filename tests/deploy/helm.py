"""Helm, which renders and installs deploy/chart: `make helm` builds it, the tests look for it."""

import sys

from tests.cluster.gobuild import Program
from tests.deploy import built
from tests.deploy.built import MODULES, Tool

VERSION = "4.3.1"

HELM = Tool(
    program=Program(
        name="helm",
        module=MODULES / "helm",
        package="helm.sh/helm/v4/cmd/helm",
        ldflags=f"-s -w -X helm.sh/helm/v4/internal/version.version=v{VERSION}",
        minutes=3,
    ),
    version=VERSION,
)

if __name__ == "__main__":
    sys.exit(built.main(HELM.build))
