"""All documents side by side, by kind and name, and how a check locates what it finds."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from webhook.core.errors import Fault, Severity
from webhook.core.names import DISCOVERY_DOMAINS
from webhook.core.policy.documents import (
    Document,
    GPUClass,
    GPUNode,
    GPUNodePool,
    GPUPolicy,
    PriorityClass,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """The documents; of two with one name the first counts. `source` names the whole."""

    source: str
    documents: tuple[Document, ...]
    policies: tuple[GPUPolicy, ...]
    pools: Mapping[str, GPUNodePool]
    nodes: Mapping[str, GPUNode]
    classes: Mapping[str, GPUClass]
    priority_classes: Mapping[str, PriorityClass]


def catalogue(documents: Sequence[Document], source: str) -> Catalogue:
    """Sort documents by kind and name."""
    first: dict[tuple[type[Document], str], Document] = {}
    for document in documents:
        first.setdefault((type(document), document.name), document)
    kept = first.values()
    return Catalogue(
        source=source,
        documents=tuple(documents),
        policies=tuple(each for each in documents if isinstance(each, GPUPolicy)),
        pools={each.name: each for each in kept if isinstance(each, GPUNodePool)},
        nodes={each.name: each for each in kept if isinstance(each, GPUNode)},
        classes={each.name: each for each in kept if isinstance(each, GPUClass)},
        priority_classes={each.name: each for each in kept if isinstance(each, PriorityClass)},
    )


def fault(document: Document, path: str, message: str, severity: Severity = "error") -> Fault:
    """Report `message` about a field of a document, on the line where it stands."""
    line = document.line_of(path)
    return Fault(source=document.source, line=line, path=path, message=message, severity=severity)


def warning(document: Document, path: str, message: str) -> Fault:
    """Report what is allowed but hardly meant."""
    return fault(document, path, message, "warning")


def place(document: Document, path: str = "") -> str:
    """Name where another document says something: `policies/pools/training.yaml:3`."""
    line = document.line_of(path)
    return f"{document.source}:{line}" if line else document.source


def is_under(key: str, domains: Iterable[str]) -> bool:
    """Tell whether the domain of a label or taint key is one of `domains` or below one."""
    domain, slash, _ = key.rpartition("/")
    return bool(slash) and any(domain == each or domain.endswith(f".{each}") for each in domains)


def is_discovered(key: str) -> bool:
    """Tell whether node discovery writes labels of this key, and takes them away."""
    return is_under(key, DISCOVERY_DOMAINS)
