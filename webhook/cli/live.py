"""A cluster as it is now, asked once: a pod, nodes, documents, and what decisions look at besides.

Plain GETs with the rights of whoever runs the command; nothing is watched and nothing is written.
What somebody may not read of the rest is not known, as with files. Importing this costs what
`watch.connection` does.
"""

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

import msgspec

from webhook.cli.manifests import DEFAULT_NAMESPACE
from webhook.core import cluster
from webhook.core.cluster import Cluster, NamespacedName
from webhook.core.errors import OperatorError
from webhook.core.node_filter import Candidate, read_candidate
from webhook.core.policy.policy import Policy
from webhook.core.policy.sound import compile_sound
from webhook.watch.connection import CONNECTION_ERRORS, VARIABLE, Client, connect, namespace
from webhook.watch.objects import DOCUMENTS, OBSERVED
from webhook.watch.resource import Resource
from webhook.watch.wire import list_query, read_object, read_page, read_status

T = TypeVar("T")

_VARIABLES = (VARIABLE, "KUBECONFIG")
_DEFAULT = Path(".kube") / "config"
_BY_POLICIES = "--policies DIR decides by a folder"
_UNKNOWN = frozenset({HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND})


class RefusedError(OperatorError):
    """The API server does not give it; the text says what, and why."""

    def __init__(self, path: str, status: int, message: str) -> None:
        self.status = status
        super().__init__(f"GET {path}: {message or status}")


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

    def __init__(self, named: Path | None, context: str | None) -> None:
        """Take a kubeconfig (None: as kubectl finds it) and a context (None: its current one)."""
        path = kubeconfig(named)
        self._client: Client = connect(path, ", or explain files: --nodes FILE", context)
        self.namespace = namespace(path, context) if path else DEFAULT_NAMESPACE
        """That of the context."""

    def pod(self, namespace: str, name: str) -> dict[str, object]:
        """Give a pod; raise RefusedError, or OperatorError where nobody answers."""
        found: dict[str, object] = json.loads(
            self._get(f"/api/v1/namespaces/{quote(namespace)}/pods/{name}")
        )
        return found

    def nodes(self) -> tuple[Candidate, ...]:
        """Give every node; errors as `pod`, and of the others here."""
        items = self._list("/api/v1/nodes")
        return tuple(read_candidate(msgspec.json.decode(each)) for each in items)

    def policy(self) -> Policy:
        """Prepare the policy that the documents of the cluster make, of those that are sound."""
        try:
            found = [each.read(raw) for each in DOCUMENTS for raw in self._list(each.path)]
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
            body = self._get(f"/api/v1/namespaces/{quote(space)}")
        except RefusedError as error:
            _must_be_unknown(error)
        else:
            yield cluster.read_namespace(msgspec.Raw(body))

    def _stored(self, resource: Resource[T]) -> dict[NamespacedName, T]:
        try:
            items = list(self._list(resource.path))
        except RefusedError as error:
            _must_be_unknown(error)
            return {}
        return {read_object(each).metadata.key: resource.read(each) for each in items}

    def _list(self, path: str) -> Iterator[msgspec.Raw]:
        token: str | None = ""
        while token is not None:
            page = read_page(self._get(f"{path}?{list_query(token)}"))
            yield from page.items or ()
            token = page.metadata.continue_ or None

    def _get(self, path: str) -> bytes:
        plain = path.partition("?")[0]
        try:
            answer = self._client.get(path)
            body: bytes = answer.data
        except CONNECTION_ERRORS as error:
            reason = getattr(error, "reason", None) or error
            raise OperatorError(
                f"GET {plain}: no answer from the API server: {' '.join(str(reason).split())}"
            ) from error
        if answer.status >= HTTPStatus.BAD_REQUEST:
            raise RefusedError(plain, answer.status, read_status(body).message)
        return body


def _must_be_unknown(error: RefusedError) -> None:
    """Raise what is more than a right that is missing, or a kind that is."""
    if error.status not in _UNKNOWN:
        raise error
