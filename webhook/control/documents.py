"""The documents as the leader needs them: the GPUPolicy itself, and the last good policy.

The GPUPolicy is read on its own and raw, so that its emergency switches work whatever else is
broken, in it or beside it.
"""

import logging
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from webhook.control.api import Object
from webhook.core.errors import Fault, PolicyError
from webhook.core.names import POLICY_NAME
from webhook.core.policy.documents import Document
from webhook.core.policy.policy import Policy, compile_policy
from webhook.process.logs import ROOT, fields

_log = logging.getLogger(f"{ROOT}.policy")


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the documents say now.

    `settings` is the GPUPolicy as the API server has it, None where there is none; `policy` is the
    last one that could be prepared from all documents, None where there was none yet; `faults`
    says what is wrong with the documents as they are.
    """

    settings: Object | None
    policy: Policy | None
    faults: tuple[str, ...] = ()


class Documents:
    """Holds what was told last."""

    def __init__(self, settings: Callable[[], Mapping[str, Object] | None]) -> None:
        """Take what gives the GPUPolicy objects by name (None: not read yet)."""
        self._settings = settings
        self._lock = threading.Lock()
        self._is_told = False
        self._policy: Policy | None = None
        self._faults: tuple[str, ...] = ()

    def tell(self, documents: Sequence[Document], faults: Iterable[Fault]) -> None:
        """Take all documents; those that do not make a policy change nothing but the faults."""
        errors = tuple(each for each in faults if each.severity == "error")
        if errors:
            self._refuse(errors)
            return
        try:
            policy = compile_policy(documents)
        except PolicyError as error:
            self._refuse(error.faults)
        else:
            self._accept(policy)

    def current(self) -> Known | None:
        """Give what is known; None until everything was read once."""
        settings = self._settings()
        if settings is None:
            return None
        with self._lock:
            if not self._is_told:
                return None
            return Known(
                settings=settings.get(POLICY_NAME), policy=self._policy, faults=self._faults
            )

    def _accept(self, policy: Policy) -> None:
        with self._lock:
            self._is_told, self._policy, self._faults = True, policy, ()
        _log.info("policy in force", extra=fields(revision=policy.revision))

    def _refuse(self, errors: tuple[Fault, ...]) -> None:
        faults = tuple(str(each) for each in errors)
        with self._lock:
            self._is_told, self._faults = True, faults
            kept = self._policy.revision if self._policy else None
        _log.error("policy refused", extra=fields(in_force=kept, faults=faults))
