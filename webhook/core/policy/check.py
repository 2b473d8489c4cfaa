"""What documents say of one another: every contradiction at once, each where it is written.

Faults of a single field are found by `decode`. An error forbids the policy; a warning says what
is allowed and hardly meant.
"""

from collections.abc import Iterator, Sequence

from webhook.core.errors import Fault
from webhook.core.policy.catalogue import Catalogue, catalogue, fault, place
from webhook.core.policy.check_classes import check_classes
from webhook.core.policy.check_cluster import check_cluster
from webhook.core.policy.check_nodes import check_nodes
from webhook.core.policy.check_pools import check_pools
from webhook.core.policy.check_workloads import check_workloads
from webhook.core.policy.documents import Document

_PARTS = (check_cluster, check_pools, check_nodes, check_classes, check_workloads)


def check(documents: Sequence[Document], source: str = "policies") -> tuple[Fault, ...]:
    """Give the faults of documents taken together, by file and line.

    `source` names the whole where something is missing that no document could be blamed for.
    """
    everything = catalogue(documents, source)
    faults = [*_duplicates(everything)]
    for part in _PARTS:
        faults.extend(part(everything))
    return tuple(sorted(faults, key=lambda each: (each.source, each.line)))


def _duplicates(everything: Catalogue) -> Iterator[Fault]:
    first: dict[tuple[type[Document], str], Document] = {}
    for document in everything.documents:
        kind = type(document)
        other = first.setdefault((kind, document.name), document)
        if other is not document:
            where = place(other, "metadata.name")
            yield fault(
                document,
                "metadata.name",
                f"{kind.__name__} {document.name} is also at {where}: rename or remove one",
            )
