"""`gpuclass certs`: five files, keys for their owner alone, and nothing overwritten unasked."""

import base64
import stat
from pathlib import Path

import pytest
import yaml

from tests.serve.server import command
from webhook.core import registration

FILES = {"ca.crt", "tls.crt", "tls.key", "secret.yaml", "cabundle.yaml"}


def test_the_folder_is_made_and_keys_are_private(tmp_path: Path) -> None:
    out = tmp_path / "deep" / "certs"
    answer = command("certs", "--out", str(out))
    assert (answer.returncode, answer.stderr) == (0, "")
    assert {each.name for each in out.iterdir()} == FILES
    modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in out.iterdir()}
    assert {name for name, mode in modes.items() if mode == 0o600} == {"tls.key", "secret.yaml"}
    assert stat.S_IMODE(out.stat().st_mode) == 0o700


def test_what_to_do_next_is_said(tmp_path: Path) -> None:
    lines = command("certs", "--out", str(tmp_path), "--host", "127.0.0.1").stdout.splitlines()
    assert lines[1] == "  for 127.0.0.1"
    assert lines[-3:] == [
        "  kubectl apply --server-side --field-manager=gpuclass-certs -f "
        f"{tmp_path / 'secret.yaml'}",
        "  kubectl apply --server-side --field-manager=gpuclass-certs -f "
        f"{tmp_path / 'cabundle.yaml'}",
        "keep tls.key and secret.yaml out of Git: they hold the key",
    ]


def test_the_objects_hold_what_the_files_do(tmp_path: Path) -> None:
    command("certs", "--out", str(tmp_path))
    secret = yaml.safe_load((tmp_path / "secret.yaml").read_text(encoding="utf-8"))
    assert secret["type"] == "kubernetes.io/tls"
    for name in ("tls.crt", "tls.key"):
        assert base64.b64decode(secret["data"][name]) == (tmp_path / name).read_bytes()
    text = (tmp_path / "cabundle.yaml").read_text(encoding="utf-8")
    for document in yaml.safe_load_all(text):
        names = tuple(each["name"] for each in document["webhooks"])
        assert names == registration.ENTRIES[document["kind"]]
        for each in document["webhooks"]:
            assert set(each) == {"name", "clientConfig"}
            bundle = base64.b64decode(each["clientConfig"]["caBundle"])
            assert bundle == (tmp_path / "ca.crt").read_bytes()


def test_a_key_is_replaced_only_when_told(tmp_path: Path) -> None:
    command("certs", "--out", str(tmp_path))
    key = (tmp_path / "tls.key").read_bytes()
    answer = command("certs", "--out", str(tmp_path))
    assert answer.returncode == 2
    assert answer.stderr == (
        f"{tmp_path / 'tls.key'} exists; --force replaces it and what belongs to it\n"
    )
    assert (tmp_path / "tls.key").read_bytes() == key
    assert command("certs", "--out", str(tmp_path), "--force").returncode == 0
    assert (tmp_path / "tls.key").read_bytes() != key


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        pytest.param(
            ("--host", "no host"), "'no host' is neither a DNS name nor an address", id="host"
        ),
        pytest.param(
            ("--out", "/dev/null/x"),
            "/dev/null/x: can not be written: Not a directory",
            id="no folder",
        ),
    ],
)
def test_bad_input_is_one_line(tmp_path: Path, arguments: tuple[str, ...], line: str) -> None:
    answer = command("certs", "--out", str(tmp_path), *arguments)
    assert (answer.returncode, answer.stdout, answer.stderr) == (2, "", f"{line}\n")
