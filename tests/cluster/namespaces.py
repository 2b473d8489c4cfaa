"""Namespaces of single tests."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from tests.cluster.api import Api
from tests.cluster.waiting import eventually


@contextmanager
def fresh_namespace(api: Api, prefix: str) -> Iterator[str]:
    """Give the name of one in which pods can be created; it goes on its own afterwards."""
    name = f"{prefix}-{uuid.uuid4().hex[:10]}"
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    api.request("POST", "/api/v1/namespaces", body)
    account = f"/api/v1/namespaces/{name}/serviceaccounts/default"
    eventually(lambda: api.is_ready(account), f"a ServiceAccount in {name}")
    yield name
    api.request("DELETE", f"/api/v1/namespaces/{name}")
