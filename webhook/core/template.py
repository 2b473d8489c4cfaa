"""A pod template of a workload: where it lies in an object, and what its pods get from there."""

from dataclasses import dataclass

from webhook.core.patch import JSON
from webhook.core.paths import Path, at, bind, written


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """Where a pod template lies: itself, the annotations of its pods, and their spec.

    Of a kind they are patterns; of an object they are paths. `elsewhere` is where other versions of
    the kind have the annotations: both are written, and the API server keeps what its version has.
    `is_mixed` says that pods of several sorts come from it, some of which may ask for no GPU.
    """

    path: Path
    annotations: Path
    spec: Path
    elsewhere: tuple[Path, ...] = ()
    is_mixed: bool = False

    def bound(self, path: Path) -> "Template":
        """Give the template of an object at one of the paths that this pattern stands for."""
        return Template(
            path=path,
            annotations=bind(self.annotations, path),
            spec=bind(self.spec, path),
            elsewhere=tuple(bind(each, path) for each in self.elsewhere),
            is_mixed=self.is_mixed,
        )

    @property
    def has_metadata(self) -> bool:
        """Tell whether it is a core/v1 PodTemplateSpec, with its annotations in its metadata."""
        return self.annotations == (*self.path, *_ANNOTATIONS)

    @property
    def places(self) -> tuple[Path, ...]:
        """Every map that may become the annotations of its pods."""
        return (self.annotations, *self.elsewhere)

    def annotation(self, document: JSON, key: str) -> str | None:
        """Give an annotation that its pods get, wherever it stands."""
        values = (at(document, (*place, key)) for place in self.places)
        return next((value for value in values if isinstance(value, str)), None)

    def metadata(self, document: JSON) -> JSON:
        """Give the metadata that its pods get."""
        if self.has_metadata:
            return at(document, (*self.path, "metadata")) or {}
        found = (at(document, place) for place in self.places)
        return {"annotations": next((each for each in found if each), {})}

    def place(self, field: str) -> str:
        """Give the path in the object of a field of a pod: `spec.nodeName`."""
        for part, path in (("metadata.annotations", self.annotations), ("spec", self.spec)):
            rest = field.removeprefix(part)
            if rest != field and (not rest or rest[0] in ".["):
                return f"{written(path)}{rest}"
        return f"{written(self.path)}.{field}"

    def placed(self, warning: str) -> str:
        """Give a warning of a pod at its place in the object."""
        if warning.startswith(("metadata.", "spec.")):
            return self.place(warning)
        return f"{written(self.path)}: {warning}"


_ANNOTATIONS: Path = ("metadata", "annotations")


def template(path: Path) -> Template:
    """Give the place of a core/v1 PodTemplateSpec."""
    return Template(path=path, annotations=(*path, *_ANNOTATIONS), spec=(*path, "spec"))
