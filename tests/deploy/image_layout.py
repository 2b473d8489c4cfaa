"""Reads an OCI image layout: its digest, what it says of itself, the entries of its layers.

https://github.com/opencontainers/image-spec/blob/main/image-layout.md
"""

import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any


class Image:
    """One image in a layout."""

    def __init__(self, layout: Path) -> None:
        """Take the folder of a layout that has one image."""
        self._layout = layout
        (described,) = json.loads((layout / "index.json").read_bytes())["manifests"]
        self.digest: str = described["digest"]
        """Of the manifest, by which a registry would know it."""
        self._manifest = json.loads(self._blob(self.digest).read_bytes())
        described = self._manifest["config"]["digest"]
        self.config: dict[str, Any] = json.loads(self._blob(described).read_bytes())

    @property
    def settings(self) -> dict[str, Any]:
        """Give what a container of it starts with: User, Entrypoint, Env and the like."""
        found: dict[str, Any] = self.config["config"]
        return found

    @property
    def content(self) -> list[str]:
        """Give the digests of the layers' uncompressed content, lowest first."""
        found: list[str] = self.config["rootfs"]["diff_ids"]
        return found

    def layers(self, first: int = 0) -> list[Path]:
        """Give the archives of the layers from the `first` on."""
        return [self._blob(each["digest"]) for each in self._manifest["layers"][first:]]

    def entries(self, first: int = 0) -> Iterator[tuple[tarfile.TarInfo, bytes]]:
        """Give each entry of the layers from the `first` on, with what a file holds."""
        for layer in self.layers(first):
            with tarfile.open(layer) as archive:
                for entry in archive:
                    file = archive.extractfile(entry) if entry.isreg() else None
                    yield entry, file.read() if file else b""

    def unpack(self, root: Path) -> None:
        """Make its root file system; nothing of ours deletes what a lower layer has."""
        for layer in self.layers():
            with tarfile.open(layer) as archive:
                assert not [each for each in archive.getnames() if "/.wh." in f"/{each}"]
                archive.extractall(root, filter="fully_trusted")  # noqa: S202 - we built it

    def _blob(self, digest: str) -> Path:
        return self._layout / "blobs" / Path(*digest.split(":"))
