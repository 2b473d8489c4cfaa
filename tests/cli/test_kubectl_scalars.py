"""What kubectl takes an unquoted scalar for."""

import pytest

from webhook.cli import kubectl_scalars

TAG = "tag:yaml.org,2002:"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", None),
        ("~", None),
        ("Null", None),
        ("yes", True),
        ("On", True),
        ("y", True),
        ("NO", False),
        ("off", False),
        ("n", False),
        ("nO", "nO"),
        ("12:30", "12:30"),
        ("2026-01-01", "2026-01-01"),
        ("2026-01-01T10:00:00Z", "2026-01-01T10:00:00Z"),
        ("010", 8),
        ("08", 8),
        ("0o17", 15),
        ("0x1F", 31),
        ("-0b11", -3),
        ("+7", 7),
        ("1_000", 1000),
        ("1.5", 1.5),
        ("1.", 1),
        (".5", 0.5),
        ("1e3", 1000),
        ("1e400", "1e400"),
        ("18446744073709551616", 18446744073709551616),
        ("1.2.3", "1.2.3"),
        ("-", "-"),
        (".", "."),
        ("500m", "500m"),
        ("nvidia.com/gpu", "nvidia.com/gpu"),
    ],
)
def test_an_unquoted_scalar_means_what_go_yaml_takes_it_for(text: str, expected: object) -> None:
    value = kubectl_scalars.resolve(text)
    assert value == expected
    assert isinstance(value, bool) is isinstance(expected, bool)


@pytest.mark.parametrize("text", [".inf", "-.INF", ".nan"])
def test_what_json_can_not_hold_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=f"^{text.replace('.', '[.]')} is no number of JSON$"):
        kubectl_scalars.resolve(text)


@pytest.mark.parametrize(
    ("text", "tag", "expected"),
    [
        ("1", f"{TAG}str", "1"),
        ("1", f"{TAG}int", 1),
        ("1", f"{TAG}float", 1),
        ("no", f"{TAG}bool", False),
        ("2026-01-01", f"{TAG}timestamp", "2026-01-01"),
        ("aGVs\nbG8=", f"{TAG}binary", "hello"),
        ("x", "!custom", "x"),
    ],
)
def test_an_explicit_tag_is_obeyed(text: str, tag: str, expected: object) -> None:
    assert kubectl_scalars.resolve_tagged(text, tag) == expected


@pytest.mark.parametrize(
    ("text", "tag", "message"),
    [
        ("x", f"{TAG}int", "'x' is no !!int"),
        ("?", f"{TAG}binary", "!!binary holds no base64 of text"),
    ],
)
def test_a_tag_that_does_not_fit_is_refused(text: str, tag: str, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        kubectl_scalars.resolve_tagged(text, tag)


@pytest.mark.parametrize(
    ("value", "expected"), [("a", "a"), (True, "true"), (False, "false"), (1, "1"), (1.5, "1.5")]
)
def test_a_key_becomes_text(value: kubectl_scalars.Scalar, expected: str) -> None:
    assert kubectl_scalars.key(value) == expected


def test_a_key_is_not_empty() -> None:
    with pytest.raises(ValueError, match=r"^a key is empty$"):
        kubectl_scalars.key(None)
