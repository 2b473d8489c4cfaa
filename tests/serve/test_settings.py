"""Settings: where they come from, and what is wrong with them."""

import argparse
from dataclasses import fields
from pathlib import Path

import pytest

from webhook.core.errors import OperatorError
from webhook.process.settings import Address, LogFormat, LogLevel, address, flag, variable
from webhook.serve import settings
from webhook.serve.settings import Settings


@pytest.mark.parametrize(
    ("text", "expected", "written"),
    [
        ("127.0.0.1:8443", Address(host="127.0.0.1", port=8443), "127.0.0.1:8443"),
        ("[::1]:0", Address(host="::1", port=0), "[::1]:0"),
        (":443", Address(host="0.0.0.0", port=443), "0.0.0.0:443"),  # noqa: S104
        ("localhost:65535", Address(host="localhost", port=65535), "localhost:65535"),
    ],
)
def test_an_address_is_read_and_written(text: str, expected: Address, written: str) -> None:
    assert address(text) == expected
    assert str(expected) == written


EXPECTED_ADDRESS = "expected HOST:PORT, such as 0.0.0.0:8443 or [::]:8443"


@pytest.mark.parametrize(
    ("flags", "environment", "message"),
    [
        ({"bind": "8443"}, {}, f"--bind 8443: {EXPECTED_ADDRESS}"),
        ({"bind": "a:b"}, {}, f"--bind a:b: {EXPECTED_ADDRESS}"),
        ({"bind": "a:٣"}, {}, f"--bind a:٣: {EXPECTED_ADDRESS}"),
        ({"bind": "a:65536"}, {}, "--bind a:65536: port 65536 is not in 0..65535"),
        (
            {"metrics_bind": "::1:80"},
            {},
            "--metrics-bind ::1:80: an IPv6 address is written in brackets: [::1]:80",
        ),
        ({"certs": ""}, {}, "--certs: is empty"),
        ({"log_format": "xml"}, {}, "--log-format xml: expected one of json, text"),
        (
            {},
            {"GPUCLASS_DRAIN_SECONDS": "soon"},
            "GPUCLASS_DRAIN_SECONDS soon: expected seconds, such as 3 or 0.5",
        ),
        (
            {},
            {"GPUCLASS_DRAIN_SECONDS": "nan"},
            "GPUCLASS_DRAIN_SECONDS nan: expected 0..3600 seconds",
        ),
        (
            {},
            {"GPUCLASS_BODY_SECONDS": "0"},
            "GPUCLASS_BODY_SECONDS 0: expected more than 0 seconds",
        ),
        (
            {"client_names": "a,,b", "client_ca": "x"},
            {},
            "--client-names a,,b: expected names with commas between them, such as a,b",
        ),
        (
            {"client_names": "a"},
            {},
            "--client-names: names are looked at in certificates; say by --client-ca FILE whose",
        ),
        ({"tls_min_version": "1.1"}, {}, "--tls-min-version 1.1: expected one of 1.2, 1.3"),
        ({"max_connections": "0"}, {}, "--max-connections 0: expected 1 or more"),
        ({"max_connections": "1.5"}, {}, "--max-connections 1.5: expected a whole number"),
    ],
)
def test_what_is_wrong_is_named_by_its_flag_or_variable(
    flags: dict[str, object], environment: dict[str, str], message: str
) -> None:
    with pytest.raises(OperatorError) as refused:
        settings.read(flags, environment)
    assert str(refused.value) == message


def test_an_unknown_variable_is_refused_with_the_nearest() -> None:
    with pytest.raises(OperatorError) as refused:
        settings.read({}, {"GPUCLASS_POLICYS": "x", "OTHER": "y"})
    assert str(refused.value).startswith("GPUCLASS_POLICYS: no such setting; known: GPUCLASS_")
    assert str(refused.value).endswith("; did you mean GPUCLASS_POLICIES?")


@pytest.mark.parametrize(
    "name",
    [
        "GPUCLASS_SERVICE_HOST",
        "GPUCLASS_SERVICE_PORT",
        "GPUCLASS_SERVICE_PORT_HTTPS",
        "GPUCLASS_PORT",
        "GPUCLASS_PORT_443_TCP",
        "GPUCLASS_PORT_443_TCP_ADDR",
        "GPUCLASS_METRICS_SERVICE_HOST",
        "GPUCLASS_METRICS_PORT_80_TCP_PROTO",
    ],
)
def test_what_a_kubelet_sets_for_a_service_is_no_setting(name: str) -> None:
    assert settings.read({}, {name: "tcp://10.0.0.1:443"}) == Settings()


def test_a_flag_wins_over_the_environment_and_that_over_the_default() -> None:
    parser = argparse.ArgumentParser()
    settings.declare(parser)
    flags = vars(parser.parse_args(["--policies", "here", "--log-level", "DEBUG"]))
    found = settings.read(flags, {"GPUCLASS_POLICIES": "there", "GPUCLASS_LOG_FORMAT": "text"})
    assert (found.policies, found.log_level, found.log_format, found.certs) == (
        Path("here"),
        LogLevel.DEBUG,
        LogFormat.TEXT,
        None,
    )


def test_every_setting_has_a_flag_whose_help_names_its_variable() -> None:
    parser = argparse.ArgumentParser()
    settings.declare(parser)
    text = " ".join(parser.format_help().split())
    for each in fields(Settings):
        assert flag(each.name) in text
        assert f"{variable(each.name)})" in text
