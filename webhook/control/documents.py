"""The documents as the leader needs them: the GPUPolicy itself, and the last good policy.

The GPUPolicy is read on its own and raw, so that its emergency switches work whatever else is
broken, in it or beside it.
"""

import logging
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from webhook.control.api import Object
from webhook.core.errors import Fault, PolicyError
from webhook.core.names import POLICY_NAME
from webhook.core.policy.check import check
from webhook.core.policy.documents import Document
from webhook.core.policy.policy import Policy, compile_policy
from webhook.process.logs import ROOT, fields
from webhook.watch.cluster import Knowledge

_log = logging.getLogger(f"{ROOT}.policy")


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the documents say now.

    `settings` is the GPUPolicy as the API server has it, None where there is none; `documents` are
    those that can be read, `faults` what is wrong with them, advice included; `policy` is the last
    one that could be prepared from all documents of its time, None where there was none yet.
    """

    settings: Object | None
    policy: Policy | None
    documents: tuple[Document, ...] = ()
    faults: tuple[Fault, ...] = ()


class Documents:
    """Holds what was told last."""

    def __init__(self, settings: Callable[[], Mapping[str, Object] | None]) -> None:
        """Take what gives the GPUPolicy objects by name (None: not read yet)."""
        self._settings = settings
        self._lock = threading.Lock()
        self._known: Known | None = None

    def tell(self, knowledge: Knowledge) -> None:
        """Take all documents; those that do not make a policy change nothing but the faults."""
        documents = knowledge.documents
        faults = (*knowledge.faults, *check(documents))
        kept = self._known.policy if self._known else None
        policy, errors = _compile(documents, faults)
        if policy is None:
            revision = kept.revision if kept else None
            found = tuple(map(str, errors))
            _log.error("policy refused", extra=fields(in_force=revision, faults=found))
        elif kept is None or kept.revision != policy.revision:
            _log.info("policy in force", extra=fields(revision=policy.revision))
        in_force = policy or kept
        with self._lock:
            self._known = Known(
                settings=None,
                policy=in_force.knowing(knowledge.cluster) if in_force else None,
                documents=documents,
                faults=faults,
            )

    def current(self) -> Known | None:
        """Give what is known; None until everything was read once."""
        settings = self._settings()
        with self._lock:
            if settings is None or self._known is None:
                return None
            return replace(self._known, settings=settings.get(POLICY_NAME))


def _compile(
    documents: Sequence[Document], faults: Iterable[Fault]
) -> tuple[Policy | None, tuple[Fault, ...]]:
    """Prepare the policy, or give what forbids it."""
    errors = tuple(each for each in faults if each.severity == "error")
    if errors:
        return None, errors
    try:
        return compile_policy(documents), ()
    except PolicyError as error:
        return None, error.faults
