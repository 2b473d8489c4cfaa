"""The policy of a folder, for commands that decide by one."""

from pathlib import Path

from webhook.core.errors import PolicyError
from webhook.core.policy.policy import Policy, compile_policy
from webhook.watch import files


def load(directory: Path) -> Policy:
    """Read and prepare the policy of a folder; raise PolicyError with everything wrong in it."""
    documents, faults = files.load(directory)
    errors = tuple(fault for fault in faults if fault.severity == "error")
    if errors:
        raise PolicyError(errors)
    return compile_policy(documents)
