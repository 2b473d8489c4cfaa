"""Workload kinds of other makers, as the GPUPolicy lists them in `spec.workloads`.

The dataclasses are the schema of the list; `compiled` makes of it the rows that decisions look up.
Whether such a kind is installed is of no account: one that is not sends nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from webhook.core.paths import parse
from webhook.core.policy.schema import about
from webhook.core.policy.syntax import DNS_LABEL, DNS_SUBDOMAIN, FIELD_PATH, KIND
from webhook.core.template import Template, template
from webhook.core.workload import Listed, Update, WorkloadKind


@dataclass(frozen=True, slots=True, kw_only=True)
class PodTemplates:
    """Where pod templates of a kind lie."""

    path: str = field(
        metadata=about(
            "the field that is a pod template; [*] stands for each item of a list or a map,"
            " [name=x] for the item of a list whose name is x",
            syntax=FIELD_PATH,
        )
    )
    annotations: str | None = field(
        default=None,
        metadata=about(
            "the map that becomes its pods' annotations, where that is not"
            " metadata.annotations of the template (beside an inlined pod spec, or elsewhere)",
            syntax=FIELD_PATH,
        ),
    )
    elsewhere: tuple[str, ...] = field(
        default=(),
        metadata=about(
            "where other versions of the kind have that map: the annotation is written there too,"
            " and the API server keeps what its version knows",
            syntax=FIELD_PATH,
            unique=True,
            max_items=4,
        ),
    )
    spec: str | None = field(
        default=None,
        metadata=about(
            "the field that is the pod spec, where that is not spec of the template",
            syntax=FIELD_PATH,
        ),
    )
    mixed: bool = field(
        default=False,
        metadata=about(
            "whether one template serves pods of several sorts, some without a GPU;"
            " said of itself by [*] and by a second template"
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """A kind whose annotation `gpu-class` is carried to its pod templates."""

    group: str = field(metadata=about("its API group", syntax=DNS_SUBDOMAIN))
    kind: str = field(metadata=about("its name", syntax=KIND))
    resource: str | None = field(
        default=None,
        metadata=about(
            "its name in the paths of the API, where that is not the kind in lower case and an s",
            syntax=DNS_LABEL,
        ),
    )
    versions: tuple[str, ...] = field(
        default=(),
        metadata=about(
            "the API versions to which this applies; none: every one", syntax=DNS_LABEL, unique=True
        ),
    )
    templates: tuple[PodTemplates, ...] = field(
        metadata=about("where its pod templates lie", min_items=1, unique_by=("path",))
    )
    update: Update = field(
        default=Update.ALWAYS,
        metadata=about(
            "when a template may change after creation: Always; WhileSuspended; Never; OnNewName:"
            " only together with the template's metadata.name, or where it has none"
        ),
    )
    suspend: str = field(
        default="spec.suspend",
        metadata=about("the field that is true while it is suspended", syntax=FIELD_PATH),
    )
    run_once: bool = field(
        default=False,
        metadata=about(
            "whether it runs to its end: then its own annotation counts also where another object"
            " controls it; any other kind with a controller is left to that"
        ),
    )
    priority: tuple[str, ...] = field(
        default=(),
        metadata=about(
            "fields from which its scheduler reads the priority class of all of its pods as one",
            syntax=FIELD_PATH,
            unique=True,
        ),
    )


def compiled(workloads: Iterable[Workload]) -> Listed:
    """Give the rows of a list by group and kind."""
    return {(each.group, each.kind): _row(each) for each in workloads}


def _row(given: Workload) -> WorkloadKind:
    return WorkloadKind(
        group=given.group,
        kind=given.kind,
        resource=given.resource or "",
        versions=given.versions or ("*",),
        templates=tuple(map(_template, given.templates)),
        update=given.update,
        suspend=parse(given.suspend),
        run_once=given.run_once,
        priority=tuple(map(parse, given.priority)),
    )


def _template(given: PodTemplates) -> Template:
    usual = template(parse(given.path))
    return Template(
        path=usual.path,
        annotations=parse(given.annotations) if given.annotations else usual.annotations,
        spec=parse(given.spec) if given.spec else usual.spec,
        elsewhere=tuple(map(parse, given.elsewhere)),
        is_mixed=given.mixed,
    )
