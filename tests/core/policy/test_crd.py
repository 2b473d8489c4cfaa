"""Our kinds as CustomResourceDefinitions: schemas and dataclasses say the same, both ways."""

import json
from collections.abc import Iterator

import pytest

from tests.core.policy.bad_documents import EVERY, Bad, Json, sound
from webhook.core.errors import Fault
from webhook.core.policy import crd
from webhook.core.policy.check import check
from webhook.core.policy.decode import read_object
from webhook.core.policy.documents import KINDS, Document, PriorityClass
from webhook.core.policy.schema import (
    About,
    Choice,
    Entries,
    Items,
    Property,
    Record,
    Scalar,
    Shape,
    camel,
    properties,
)

RESOURCES = [pytest.param(each, id=plural) for plural, each in crd.RESOURCES.items()]
LIMITS = {"string": "maxLength", "array": "maxItems", "object": "maxProperties"}


def definition(resource: crd.Resource) -> Json:
    rendered: Json = crd.render(resource)
    return rendered


def schema(resource: crd.Resource) -> Json:
    (version,) = definition(resource)["spec"]["versions"]
    found: Json = version["schema"]["openAPIV3Schema"]
    return found


def decoded(document: Json) -> Document:
    found, faults = read_object(document, "given")
    assert faults == ()
    assert found is not None
    return found


def faults_of(document: Json) -> tuple[Fault, ...]:
    """Give the errors of an object: its own, else those beside sound ones."""
    found, faults = read_object(document, "given")
    if found is None:
        return faults
    others = [decoded(each) for each in sound()]
    kept = [each for each in others if (type(each), each.name) != (type(found), found.name)]
    return tuple(each for each in check([*kept, found]) if each.severity == "error")


@pytest.mark.parametrize("bad", EVERY)
def test_what_is_wrong_with_an_object_is_said_in_one_fault(bad: Bad) -> None:
    assert [(each.path, each.message) for each in faults_of(bad.document)] == [bad.ours]


def test_every_kind_but_that_of_kubernetes_has_a_definition() -> None:
    assert {each.kind for each in crd.RESOURCES.values()} == set(KINDS.values()) - {PriorityClass}


@pytest.mark.parametrize("resource", RESOURCES)
def test_a_kind_is_found_by_names_that_fit_together(resource: crd.Resource) -> None:
    made = definition(resource)
    names, kind = made["spec"]["names"], resource.kind.__name__
    assert made["metadata"]["name"] == f"{names['plural']}.{made['spec']['group']}"
    assert (names["kind"], names["singular"]) == (kind, kind.lower())
    assert made["spec"]["scope"] == "Cluster"
    # kubectl looks for a category before it looks for a kind.
    assert not {*names["categories"]} & {name.lower() for name in KINDS}


@pytest.mark.parametrize("resource", RESOURCES)
def test_schema_and_dataclass_of_a_spec_say_the_same(resource: crd.Resource) -> None:
    name, *fields = properties(resource.kind)
    assert list(differences(schema(resource)["properties"]["spec"], fields, "spec")) == []
    assert name.about.syntax is not None
    assert schema(resource)["properties"]["metadata"]["properties"] == {
        "name": {"type": "string", "maxLength": name.about.syntax.max_length}
    }


@pytest.mark.parametrize("resource", RESOURCES)
def test_schema_and_dataclass_of_a_status_say_the_same(resource: crd.Resource) -> None:
    fields = properties(resource.status)
    assert list(differences(schema(resource)["properties"]["status"], fields, "status")) == []


@pytest.mark.parametrize("resource", RESOURCES)
def test_a_spec_is_required_where_one_of_its_fields_is(resource: crd.Resource) -> None:
    whole = schema(resource)
    required = [each.name for each in properties(resource.kind)[1:] if each.required]
    assert whole["properties"]["spec"].get("required", []) == required
    assert ("spec" in whole.get("required", [])) == bool(required)


@pytest.mark.parametrize("resource", RESOURCES)
def test_every_field_teaches(resource: crd.Resource) -> None:
    assert list(undescribed(schema(resource)["properties"]["spec"], "spec")) == []
    assert list(undescribed(schema(resource)["properties"]["status"], "status")) == []


@pytest.mark.parametrize("resource", RESOURCES)
def test_columns_show_fields_that_there_are(resource: crd.Resource) -> None:
    (version,) = definition(resource)["spec"]["versions"]
    for column in version["additionalPrinterColumns"]:
        steps = column["jsonPath"].removeprefix(".").split("[")[0].split(".")
        if steps[0] == "metadata":
            continue
        place = schema(resource)
        for each in steps:
            assert each in place["properties"], column["jsonPath"]
            place = place["properties"][each]


@pytest.mark.parametrize("resource", RESOURCES)
def test_what_may_be_long_is_bounded_so_that_rules_have_a_price(resource: crd.Resource) -> None:
    for path, each in nodes(schema(resource)["properties"]["spec"], "spec"):
        if each["type"] in LIMITS and "properties" not in each and "enum" not in each:
            assert LIMITS[each["type"]] in each, path


def nodes(given: Json, path: str) -> Iterator[tuple[str, Json]]:
    """Give every schema inside one, and itself."""
    yield path, given
    for name, each in given.get("properties", {}).items():
        yield from nodes(each, f"{path}.{name}")
    for step in ("items", "additionalProperties"):
        if step in given:
            yield from nodes(given[step], f"{path}[]")


def undescribed(given: Json, path: str) -> Iterator[str]:
    for place, each in nodes(given, path):
        if not place.endswith("[]") and not each.get("description", "").endswith("."):
            yield place


def differences(
    given: Json, fields: list[Property] | tuple[Property, ...], at: str
) -> Iterator[str]:
    """Give what a schema and the fields of a dataclass do not have in common."""
    by_name = {each.name: each for each in fields}
    for name in given["properties"].keys() ^ by_name.keys():
        yield f"{at}.{name}: only one of them has it"
    required = {name for name, each in by_name.items() if each.required}
    if set(given.get("required", ())) != required:
        yield f"{at}: required"
    for name in given["properties"].keys() & by_name.keys():
        place, field = given["properties"][name], by_name[name]
        yield from unlike(place, field.shape, field.about, f"{at}.{name}")
        _, _, default = place["description"].partition(" Default: ")
        if default != expected_default(field):
            yield f"{at}.{name}: default"


def expected_default(field: Property) -> str:
    """Give the default as it is told: none where a field is empty, or made of its parts."""
    if field.default in (None, "", (), {}) or isinstance(field.shape, Record):
        return ""
    default = field.default
    return f"{default}." if isinstance(default, str) else f"{json.dumps(default)}."


def unlike(given: Json, shape: Shape, about: About, at: str) -> Iterator[str]:
    """Give where a schema differs from a shape and its limits."""
    match shape:
        case Scalar(type=kind):
            yield from wrong(given, scalar(kind, about), at)
        case Choice(type=choices):
            yield from wrong(given, {"type": "string", "enum": [*choices]}, at)
        case Items(of=item):
            yield from wrong(given, items(about), at)
            yield from unlike(given["items"], item, about, f"{at}[]")
        case Entries(of=item):
            yield from wrong(given, {"type": "object", **sizes(about, "Properties")}, at)
            yield from unlike(given["additionalProperties"], item, about, f"{at}[]")
            if bool(about.keys or about.key_syntax) != ("x-kubernetes-validations" in given):
                yield f"{at}: keys"
        case Record(type=record):
            yield from differences(given, properties(record), at)


NOT_COMPARED = {
    "description",
    "required",
    "properties",
    "items",
    "additionalProperties",
    "x-kubernetes-validations",
}


def wrong(given: Json, expected: Json, at: str) -> Iterator[str]:
    found = {key: value for key, value in given.items() if key not in NOT_COMPARED}
    if found != expected:
        yield f"{at}: {found} is not {expected}"


def scalar(kind: type, about: About) -> Json:
    if kind is str:
        syntax = about.syntax
        spelt = {"maxLength": syntax.max_length, "pattern": syntax.pattern} if syntax else {}
        return {"type": "string", **spelt, **({"format": about.format} if about.format else {})}
    if kind is bool:
        return {"type": "boolean"}
    limits = {"minimum": about.minimum, "maximum": about.maximum}
    size = "int64" if about.maximum is None else "int32"
    return {
        "type": "integer",
        "format": size,
        **{key: value for key, value in limits.items() if value is not None},
    }


def items(about: About) -> Json:
    kind = "set" if about.unique else "map" if about.unique_by else "atomic"
    keys = [camel(each) for each in about.unique_by]
    return {
        "type": "array",
        "x-kubernetes-list-type": kind,
        **({"x-kubernetes-list-map-keys": keys} if keys else {}),
        **sizes(about, "Items"),
    }


def sizes(about: About, of: str) -> Json:
    least = {f"min{of}": about.min_items} if about.min_items else {}
    return {**least, f"max{of}": about.max_items}
