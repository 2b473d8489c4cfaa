"""What a kubelet does with a mounted Secret: it brings it into a folder, all files at once.

It is one of the few things that no component of the test's control plane does.
"""

import base64
import shutil
import threading
from pathlib import Path
from typing import Self

from tests.cluster.api import Api, ApiError, Json

PERIOD_SECONDS = 0.2


class SecretMount:
    """Keeps `folder` in step with a Secret; one that is deleted stays mounted as it was."""

    def __init__(self, api: Api, namespace: str, name: str, folder: Path) -> None:
        """Take which Secret and where; nothing happens before `start`."""
        self.folder = folder
        self._api = api
        self._path = f"/api/v1/namespaces/{namespace}/secrets/{name}"
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._version = ""

    def __enter__(self) -> Self:
        """Begin to follow the Secret."""
        self.folder.mkdir(parents=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the folder as it is."""
        self._ending.set()
        self._thread.join()

    def is_mounted(self) -> bool:
        """Tell whether the Secret was there once."""
        return (self.folder / "..data").exists()

    def _run(self) -> None:
        while not self._ending.wait(PERIOD_SECONDS):
            try:
                found = self._api.request("GET", self._path)
            except (ApiError, OSError):
                continue
            version = found["metadata"]["resourceVersion"]
            if version != self._version:
                self._swap(found, version)
                self._version = version

    def _swap(self, found: Json, version: str) -> None:
        """Write the files into a new folder and turn the link to it, as the kubelet does."""
        fresh, link = self.folder / f"..{version}", self.folder / "..data"
        fresh.mkdir()
        for name, value in (found.get("data") or {}).items():
            (fresh / name).write_bytes(base64.b64decode(value))
            if not (self.folder / name).is_symlink():
                (self.folder / name).symlink_to(Path("..data") / name)
        before = link.resolve() if link.exists() else None
        draft = self.folder / "..draft"
        draft.symlink_to(fresh.name)
        draft.replace(link)
        if before:
            shutil.rmtree(before)
