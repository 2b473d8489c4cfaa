"""Connecting: by a kubeconfig or a service account, with credentials that renew, or one line."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from kubernetes.config import incluster_config

from tests.watch.apiserver import Answer, ApiServer, End, answer
from webhook.core.errors import OperatorError
from webhook.watch.connection import CONNECTION_ERRORS, connect, namespace

REFUSED = answer({"kind": "Status", "code": 401}, 401)
NODES = "/api/v1/nodes"


@pytest.fixture
def token(tmp_path: Path) -> Path:
    path = tmp_path / "token"
    path.write_text("first")
    return path


def test_the_token_of_a_kubeconfig_is_sent_with_our_own_name(tmp_path: Path, token: Path) -> None:
    with ApiServer(answer({"items": []})) as server:
        found = connect(server.kubeconfig(tmp_path, token)).get(f"{NODES}?limit=500")
        assert (found.status, found.data) == (200, b'{"items": []}')
        (asked,) = server.asked
        assert (asked.path, asked.query) == (NODES, {"limit": "500"})
        assert asked.headers["authorization"] == "Bearer first"
        assert asked.headers["user-agent"].startswith("gpuclass/")


def test_a_refused_token_is_read_again_at_once(tmp_path: Path, token: Path) -> None:
    with ApiServer(REFUSED, answer({})) as server:
        client = connect(server.kubeconfig(tmp_path, token))
        token.write_text("second")
        assert client.get(NODES).status == 200
        sent = [each.headers["authorization"] for each in server.asked]
        assert sent == ["Bearer first", "Bearer second"]


def test_a_token_that_is_refused_twice_is_refused(tmp_path: Path, token: Path) -> None:
    with ApiServer(REFUSED, REFUSED, answer({})) as server:
        assert connect(server.kubeconfig(tmp_path, token)).get(NODES).status == 401
        assert len(server.asked) == 2


def test_a_refusal_stands_when_the_credentials_have_gone(tmp_path: Path, token: Path) -> None:
    with ApiServer(REFUSED, answer({})) as server:
        path = server.kubeconfig(tmp_path, token)
        client = connect(path)
        path.unlink()
        assert client.get(NODES).status == 401
        assert len(server.asked) == 1


def test_the_token_of_a_pod_is_read_again(
    tmp_path: Path, token: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_pod(monkeypatch, tmp_path, token)
    client = connect()
    assert client.configuration.host == "https://10.96.0.1:443"
    assert client.configuration.api_key == {"BearerToken": "bearer first"}
    token.write_text("second")
    assert client.reload()
    assert client.configuration.api_key == {"BearerToken": "bearer second"}


def in_pod(monkeypatch: pytest.MonkeyPatch, folder: Path, token: Path) -> None:
    """Have what a kubelet gives to a pod."""
    authority = folder / "ca.crt"
    authority.write_text("PEM")
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.96.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")
    monkeypatch.setattr(incluster_config, "SERVICE_TOKEN_FILENAME", str(token))
    monkeypatch.setattr(incluster_config, "SERVICE_CERT_FILENAME", str(authority))


def test_proxies_of_the_environment_are_for_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with ApiServer(answer({})) as server:
        assert connect(server.kubeconfig(tmp_path)).get(NODES).status == 200


def test_a_silent_api_server_is_waited_for_no_longer_than_said(tmp_path: Path) -> None:
    with ApiServer(Answer(parts=(b"{",), end=End.SILENT)) as server:
        client = connect(server.kubeconfig(tmp_path))
        with pytest.raises(CONNECTION_ERRORS, match="timed out"):
            client.get(NODES, seconds=0.1).read()


def test_nobody_there_is_tried_once(tmp_path: Path) -> None:
    with ApiServer() as server:
        path = server.kubeconfig(tmp_path)
    with pytest.raises(CONNECTION_ERRORS, match="Connection refused"):
        connect(path).get(NODES)


@pytest.mark.parametrize(
    "found", ["first\nsecond", "first\rsecond", "first\u20ac", "first\x01", "first\x7f"], ids=repr
)
def test_a_token_that_no_header_can_hold_is_said_so_and_not_shown(
    tmp_path: Path, token: Path, found: str
) -> None:
    token.write_text(found, encoding="utf-8")
    with ApiServer() as server:
        client = connect(server.kubeconfig(tmp_path, token))
        with pytest.raises(CONNECTION_ERRORS) as caught:
            client.get(NODES)
        assert str(caught.value) == (
            "authorization can not be sent: the credentials hold a line break, or a character "
            "that is no ASCII"
        )
        assert server.asked == []


def test_the_end_of_a_line_is_no_part_of_a_token(tmp_path: Path) -> None:
    with ApiServer(answer({})) as server:
        path = server.kubeconfig(tmp_path)
        written = json.loads(path.read_text())
        written["users"][0]["user"] = {"token": "first\n"}
        path.write_text(json.dumps(written))
        assert connect(path).get(NODES).status == 200
        assert server.asked[0].headers["authorization"] == "Bearer first"


KUBECONFIGS = {
    "nothing": ("", "kubeconfig file is empty"),
    "no YAML": ("{", "no YAML, line 1, column 2"),
    "an alias of nothing": ("users: [{token: *abc}]", "no YAML, line 1, column 17"),
    "a word": ("word", "'str' object does not support item assignment"),
    "no context": ("{clusters: []}", "Expected key current-context"),
}


@pytest.mark.parametrize(("text", "reason"), KUBECONFIGS.values(), ids=KUBECONFIGS)
def test_a_kubeconfig_that_can_not_be_used_is_named_on_one_line(
    tmp_path: Path, text: str, reason: str
) -> None:
    path = tmp_path / "kubeconfig"
    path.write_text(text)
    with pytest.raises(OperatorError) as caught:
        connect(path)
    line = str(caught.value)
    assert line.startswith(f"{path}: no kubeconfig that can be used: ")
    assert reason in line
    assert "\n" not in line


def test_a_kubeconfig_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(OperatorError) as caught:
        connect(tmp_path / "none")
    expected = f"{tmp_path}/none: no kubeconfig that can be used: No such file or directory"
    assert str(caught.value) == expected


def test_a_context_says_its_namespace_and_its_cluster(tmp_path: Path) -> None:
    with ApiServer(answer({"items": []})) as server:
        path = server.kubeconfig(tmp_path)
        written = json.loads(path.read_text())
        here = written["contexts"][0]
        context = {**here["context"], "namespace": "team"}
        written["contexts"].append({"name": "there", "context": context})
        path.write_text(json.dumps(written))
        assert namespace(path) == namespace(path, here["name"]) == "default"
        assert namespace(path, "there") == "team"
        assert connect(path, context="there").get(NODES).status == 200


@pytest.mark.parametrize(
    ("ask", "context"),
    [
        pytest.param(namespace, "gone", id="the current one"),
        pytest.param(lambda path: connect(path, context="none"), "none", id="a named one"),
    ],
)
def test_a_context_that_is_not_there_is_said_on_one_line(
    tmp_path: Path, ask: Callable[[Path], object], context: str
) -> None:
    path = tmp_path / "kubeconfig"
    path.write_text("{contexts: [], clusters: [], users: [], current-context: gone}")
    with pytest.raises(OperatorError) as caught:
        ask(path)
    assert str(caught.value) == (
        f"{path}: no kubeconfig that can be used: Invalid kube-config file. "
        f"Expected object with name {context} in {path}/contexts list"
    )


def test_without_a_cluster_every_way_out_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    with pytest.raises(OperatorError) as caught:
        connect(otherwise=", or decide by files: --policies DIR")
    assert str(caught.value) == (
        "no API server: this is no pod with a service account (Service host/port is not set); "
        "name one by --kubeconfig FILE (GPUCLASS_KUBECONFIG), or decide by files: --policies DIR"
    )
