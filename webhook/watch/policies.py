"""The policy of a folder: read, checked and prepared in one step."""

from pathlib import Path

from webhook.core.errors import PolicyError
from webhook.core.policy.policy import Policy, compile_policy
from webhook.watch.files import Folder


def load(directory: Path) -> Policy:
    """Read and prepare the policy of a folder once, as `prepare` does."""
    return prepare(Folder(directory))


def prepare(folder: Folder) -> Policy:
    """Read and prepare the policy of a folder; raise PolicyError with everything wrong in it.

    OperatorError says that the folder can not be read or holds no policy.
    """
    documents, faults = folder.load()
    errors = tuple(fault for fault in faults if fault.severity == "error")
    if errors:
        raise PolicyError(errors)
    return compile_policy(documents)
