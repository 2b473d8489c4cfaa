"""The sub-commands' flags, a file each, and the way from them to the function that does the work.

Nothing is imported here that a sub-command needs: it is imported when it runs, so that
`gpuclass --help` is there at once.
"""

from collections.abc import Mapping

from webhook.cli.commands import (
    audit,
    certs,
    controller,
    diff,
    explain,
    export,
    init,
    join_config,
    lint,
    render,
    review,
    serve,
    test,
    verify,
    version,
)
from webhook.cli.commands.command import Command

COMMANDS: Mapping[str, Command] = {
    "serve": serve.COMMAND,
    "controller": controller.COMMAND,
    "certs": certs.COMMAND,
    "review": review.COMMAND,
    "explain": explain.COMMAND,
    "audit": audit.COMMAND,
    "lint": lint.COMMAND,
    "test": test.COMMAND,
    "diff": diff.COMMAND,
    "export": export.COMMAND,
    "render": render.COMMAND,
    "init": init.COMMAND,
    "join-config": join_config.COMMAND,
    "verify": verify.COMMAND,
    "version": version.COMMAND,
}
"""Each sub-command, in the order of `gpuclass --help`."""
