"""What the controller can be told, and what does not go together."""

from datetime import timedelta

import pytest

from webhook.control import settings
from webhook.control.keeper import Certificates
from webhook.control.leader import Times
from webhook.control.rotation import Lives
from webhook.control.settings import Settings
from webhook.core.errors import OperatorError
from webhook.process.settings import written

UNIT = "expected a number and a unit, such as 90s, 15m, 12h or 365d"


def test_the_defaults_are_those_of_the_parts() -> None:
    found = settings.read({}, {})
    assert found == Settings()
    assert (found.times, found.lives) == (Times(), Lives())
    assert found.certificates is Certificates.MANAGED


def test_a_request_of_a_leader_is_over_before_its_lease() -> None:
    found = Settings()
    assert found.renew_seconds + found.request_seconds < found.lease_seconds


def test_flags_and_variables_are_read() -> None:
    found = settings.read({"settle": "90s"}, {"GPUCLASS_CERTIFICATES": "External"})
    assert (found.settle, found.certificates) == (timedelta(seconds=90), Certificates.EXTERNAL)


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (
            {"settle": "5"},
            "--settle 5: expected a number and a unit, such as 90s, 15m, 12h or 365d",
        ),
        (
            {"settle": "d"},
            "--settle d: expected a number and a unit, such as 90s, 15m, 12h or 365d",
        ),
        ({"settle": "0s"}, "--settle 0s: expected 1..100000 of its unit"),
        ({"certificates": "me"}, "--certificates me: expected one of managed, external"),
        (
            {"renew_seconds": "15"},
            "--lease-seconds, --renew-seconds, --retry-seconds: 15, 15, 2: "
            "expected lease > renew > 2 x retry",
        ),
        (
            {"retry_seconds": "5"},
            "--lease-seconds, --renew-seconds, --retry-seconds: 15, 10, 5: "
            "expected lease > renew > 2 x retry",
        ),
        (
            {"leaf_life": "365d", "ca_life": "366d"},
            "--leaf-life 365d: expected a third of --ca-life (366d) at most: "
            "a leaf never outlives its CA",
        ),
        (
            {"leaf_life": "2m"},
            "--settle 30s: expected a sixth of --leaf-life (2m) at most: "
            "a leaf has to last while a CA settles",
        ),
    ],
)
def test_what_is_wrong_is_named(flags: dict[str, object], message: str) -> None:
    with pytest.raises(OperatorError) as refused:
        settings.read(flags, {})
    assert str(refused.value) == message


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (timedelta(days=365), "365d"),
        (timedelta(hours=36), "36h"),
        (timedelta(minutes=90), "90m"),
        (timedelta(seconds=61), "61s"),
        (None, "none"),
        (3.0, "3.0"),
    ],
)
def test_a_setting_is_written_as_it_is_read(value: object, text: str) -> None:
    assert written(value) == text
