"""The Lease of the controller in the API server."""

from webhook.control.api import Api, ApiFailed, Object
from webhook.control.leader import Record

NAME = "gpuclass-controller"
KIND = "Lease"


class ClusterLeases:
    """One Lease of one namespace."""

    def __init__(self, api: Api, namespace: str) -> None:
        self._api = api
        self._namespace = namespace
        self._path = f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases"

    def read(self) -> Record | None:
        """Give the record, None where there is no Lease yet; raise ApiFailed."""
        found = self._api.get(f"{self._path}/{NAME}")
        return None if found is None else self._record(found)

    def write(self, record: Record) -> Record:
        """Create it (no version), or replace just the version that was read; raise ApiFailed."""
        body = self._object(record)
        if not record.version:
            return self._record(self._api.send("POST", self._path, body))
        return self._record(self._api.send("PUT", f"{self._path}/{NAME}", body))

    def _object(self, record: Record) -> Object:
        metadata = {"name": NAME, "namespace": self._namespace}
        if record.version:
            metadata["resourceVersion"] = record.version
        return {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": KIND,
            "metadata": metadata,
            "spec": {
                "holderIdentity": record.holder,
                "leaseDurationSeconds": max(1, round(record.seconds)),
                "leaseTransitions": record.transitions,
                "acquireTime": record.acquired,
                "renewTime": record.renewed,
            },
        }

    def _record(self, found: Object) -> Record:
        """Read a Lease that anybody may have written: what is absent is nobody's.

        Of anything else, such as a proxy's page, nobody becomes the leader: ApiFailed.
        """
        if found.get("kind") != KIND:
            raise ApiFailed("read", self._path, 0, f"expected a {KIND}, found {found.get('kind')}")
        spec = found.get("spec") or {}
        return Record(
            holder=spec.get("holderIdentity") or "",
            seconds=float(spec.get("leaseDurationSeconds") or 0),
            transitions=spec.get("leaseTransitions") or 0,
            acquired=spec.get("acquireTime") or "",
            renewed=spec.get("renewTime") or "",
            version=found["metadata"]["resourceVersion"],
        )
