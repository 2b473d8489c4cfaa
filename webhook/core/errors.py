"""What can be wrong with what was handed in, by who has to act.

Refusing a pod is no error: it is a `Decision`. An exception is for input that can not be read.
"""

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning"]


class GpuclassError(Exception):
    """Base of everything that gpuclass raises on purpose; its text is one clear line."""


class RequestError(GpuclassError):
    """The sender of an AdmissionReview or of a manifest must act: it can not be read."""


class OperatorError(GpuclassError):
    """Who runs the program must act: a port, a file, a certificate, a flag."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that is wrong in a policy document, and where.

    `line` counts from 1 (0: the file as a whole); `path` is a field path such as
    `spec.pools[1].weight` (empty: the document as a whole).
    """

    source: str
    line: int
    path: str
    message: str
    severity: Severity = "error"

    def __str__(self) -> str:
        """Give `policies/training.yaml:12 spec.pools[1].weight: 500 is not in 1..100`."""
        place = f"{self.source}:{self.line}" if self.line else self.source
        return f"{place} {self.path}: {self.message}" if self.path else f"{place}: {self.message}"


class PolicyError(GpuclassError):
    """The policy's author must act: every fault that was found, none of them left out."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        """Take all faults; warnings among them are kept for the report."""
        self.faults = faults
        super().__init__("\n".join(str(fault) for fault in faults))
