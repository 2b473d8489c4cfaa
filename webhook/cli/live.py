"""A cluster as it is now, asked once: a pod, nodes, documents, and what decisions look at besides.

Plain GETs with the rights of whoever runs the command; nothing is watched and nothing is written.
What somebody may not read of the rest is not known, as with files. Importing this costs what
`watch.connection` does.
"""

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

import msgspec

from webhook.cli import in_cluster
from webhook.cli.manifests import DEFAULT_NAMESPACE
from webhook.core import cluster
from webhook.core.cluster import Cluster, NamespacedName
from webhook.core.errors import OperatorError
from webhook.core.node_filter import Candidate
from webhook.core.policy.policy import Policy
from webhook.core.policy.sound import compile_sound
from webhook.core.workload import WorkloadKind
from webhook.watch.census import NODES
from webhook.watch.connection import VARIABLE, connect, namespace
from webhook.watch.listing import Listing, RefusedError
from webhook.watch.objects import DOCUMENTS, OBSERVED
from webhook.watch.resource import Resource

T = TypeVar("T")

ANY_VERSION = "*"
"""What a kind says that is listed without versions."""

_VARIABLES = (VARIABLE, "KUBECONFIG")
_DEFAULT = Path(".kube") / "config"
_BY_POLICIES = "--policies DIR decides by a folder"


def kubeconfig(named: Path | None, environment: Mapping[str, str] = os.environ) -> Path | None:
    """Give the kubeconfig as kubectl finds it; None where there is none, as in a pod."""
    if named is not None:
        return named
    for variable in _VARIABLES:
        if given := environment.get(variable):
            return _there(given)
    default = Path(environment.get("HOME", "/")) / _DEFAULT
    return default if default.exists() else None


def _there(given: str) -> Path:
    """Leave out what is not there of several files, as kubectl does."""
    files = given.split(os.pathsep)
    return Path(os.pathsep.join([each for each in files if Path(each).exists()] or files[:1]))


class Live:
    """One cluster."""

    def __init__(self, named: Path | None, context: str | None, otherwise: str = "") -> None:
        """Take a kubeconfig (None: as kubectl finds it) and a context (None: its current one).

        `otherwise` says what one may do where there is no cluster.
        """
        path = kubeconfig(named)
        self._client = connect(path, otherwise, context)
        self._listing = Listing(self._client)
        self.namespace = namespace(path, context) if path else DEFAULT_NAMESPACE
        """That of the context."""

    def listing(self, namespace: str) -> Listing:
        """Give what asks for whole collections, in one namespace if it is named."""
        return Listing(self._client, quote(namespace))

    def pod(self, namespace: str, name: str) -> dict[str, object]:
        """Give a pod; raise RefusedError, or OperatorError where nobody answers."""
        path = f"/api/v1/namespaces/{quote(namespace)}/pods/{name}"
        found: dict[str, object] = json.loads(self._listing.get(path))
        return found

    def workload(self, row: WorkloadKind, namespace: str, name: str) -> dict[str, object]:
        """Give a workload, in the version that the API server prefers; errors as `pod`."""
        version = row.versions[0]
        if version == ANY_VERSION:
            group = json.loads(self._listing.get(f"/apis/{row.group}"))
            version = group["preferredVersion"]["version"]
        path = in_cluster.path(row, version, namespace, name)
        found: dict[str, object] = json.loads(self._listing.get(path))
        return found

    def nodes(self) -> tuple[Candidate, ...]:
        """Give every node; errors as `pod`, and of the others here."""
        return tuple(node for _, node in self._listing.each(NODES))

    def policy(self) -> Policy:
        """Prepare the policy that the documents of the cluster make, of those that are sound."""
        try:
            found = [each for kind in DOCUMENTS for _, each in self._listing.each(kind)]
        except RefusedError as error:
            raise OperatorError(f"{error}; {_BY_POLICIES}") from error
        policy = compile_sound([each.document for each in found if each.document is not None])
        if policy is None:
            raise OperatorError(f"there is no sound GPUPolicy in the cluster; {_BY_POLICIES}")
        return policy

    def surroundings(self, spaces: Iterable[str]) -> Cluster:
        """Give what decisions look at besides nodes, of some namespaces."""
        _, _, claims, templates, device_classes = OBSERVED
        names = self._stored(device_classes).items()
        return Cluster(
            namespaces={name: each for name in spaces for each in self._annotations(name)},
            claims=self._stored(claims),
            claim_templates=self._stored(templates),
            extended_resources={resource: name for (_, name), resource in names if resource},
        )

    def _annotations(self, space: str) -> Iterator[Mapping[str, str]]:
        try:
            body = self._listing.get(f"/api/v1/namespaces/{quote(space)}")
        except RefusedError as error:
            _must_be_unknown(error)
        else:
            yield cluster.read_namespace(msgspec.Raw(body))

    def _stored(self, resource: Resource[T]) -> dict[NamespacedName, T]:
        try:
            return dict(self._listing.each(resource))
        except RefusedError as error:
            _must_be_unknown(error)
            return {}


def _must_be_unknown(error: RefusedError) -> None:
    """Raise what is more than a right that is missing, or a kind that is."""
    if not error.is_absence:
        raise error
