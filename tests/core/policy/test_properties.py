"""What holds for every text: reading never raises, and what is written is read again."""

import json

from hypothesis import given
from hypothesis import strategies as st

from webhook.core.policy.check import check
from webhook.core.policy.decode import read, read_object
from webhook.core.policy.documents import KINDS
from webhook.core.policy.schema import Choice, Entries, Items, Property, Record, Scalar, properties
from webhook.core.policy.syntax import Syntax

YAML_LIKE = st.text(st.sampled_from("ab01 :-?[]{},&*!|>'\"%@`#\n\t\r~.=<_\\uUx\ufeff\x85é\ud800"))


@given(st.one_of(st.text(), YAML_LIKE))
def test_reading_text_never_raises(text: str) -> None:
    documents, _ = read(text, "p.yaml")
    check(documents)


@given(st.binary())
def test_reading_bytes_as_text_never_raises(data: bytes) -> None:
    read(data.decode("utf-8", "replace"), "p.yaml")
    read(data.decode("latin-1"), "p.yaml")
    read(data.decode("utf-8", "surrogateescape"), "p.yaml")


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)
FIELD_NAMES = st.sampled_from(
    sorted({p.name for kind in KINDS.values() for p in properties(kind)} | {"x"})
)


@given(
    kind=st.sampled_from(sorted(KINDS)),
    metadata=JSON_VALUES,
    spec=st.dictionaries(FIELD_NAMES, JSON_VALUES) | JSON_VALUES,
    top=st.dictionaries(FIELD_NAMES, JSON_VALUES),
)
def test_reading_objects_never_raises(
    kind: str, metadata: object, spec: object, top: dict[str, object]
) -> None:
    head = {"apiVersion": KINDS[kind].API_VERSION, "kind": kind}
    document, faults = read_object({**top, **head, "metadata": metadata, "spec": spec}, "x")
    assert (document is None) == bool(faults)


def texts(syntax: Syntax | None) -> st.SearchStrategy[str]:
    if syntax is None:
        # Beyond U+FFFF JSON escapes in pairs of surrogates, which YAML does not know.
        return st.text(st.characters(codec="utf-8", max_codepoint=0xFFFF), max_size=8)
    return st.from_regex(syntax.pattern, fullmatch=True).filter(syntax.is_met_by)


def values(prop: Property, shape: object) -> st.SearchStrategy[object]:
    """Give JSON values that a field may have."""
    about = prop.about
    match shape:
        case Scalar(type=kind):
            if kind is int:
                return st.integers(about.minimum, about.maximum)
            return st.booleans() if kind is bool else texts(about.syntax)
        case Choice(type=choices):
            return st.sampled_from([str(choice) for choice in choices])
        case Items(of=item):
            return st.lists(
                values(prop, item),
                min_size=about.min_items,
                max_size=3,
                unique_by=lambda value: _identity(prop, value),
            )
        case Entries(of=item):
            keys = st.sampled_from(about.keys) if about.keys else texts(about.key_syntax)
            return st.dictionaries(keys, values(prop, item), min_size=about.min_items, max_size=3)
        case Record(type=record):
            return records(properties(record))
    raise AssertionError(shape)


def _identity(prop: Property, value: object) -> object:
    if isinstance(value, dict):
        return tuple(value.get(name, "") for name in prop.about.unique_by)
    return value


def records(fields: tuple[Property, ...]) -> st.SearchStrategy[dict[str, object]]:
    required = {each.name: values(each, each.shape) for each in fields if each.required}
    optional = {each.name: values(each, each.shape) for each in fields if not each.required}
    return st.fixed_dictionaries(required, optional=optional)


@st.composite
def sound_objects(draw: st.DrawFn) -> dict[str, object]:
    kind = KINDS[draw(st.sampled_from(sorted(KINDS)))]
    name, *fields = properties(kind)
    content = draw(records(tuple(fields)))
    head = {
        "apiVersion": kind.API_VERSION,
        "kind": kind.__name__,
        "metadata": draw(records((name,))),
    }
    return {**head, kind.FIELDS_AT: content} if kind.FIELDS_AT else {**head, **content}


@given(sound_objects())
def test_what_the_schema_allows_is_read_alike_from_yaml_and_as_an_object(
    value: dict[str, object],
) -> None:
    document, faults = read_object(value, "x")
    assert faults == ()
    assert document is not None
    assert document.name == value["metadata"]["name"]  # type: ignore[index]
    assert read(json.dumps(value), "x") == ((document,), ())
    assert read(json.dumps(value, indent=2), "x")[0] == (document,)
