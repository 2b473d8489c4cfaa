"""Secrets that are marked stay where they are: in no line of the log, metric, report or answer.

Real processes are given a key, tokens and pods, each spoilt and refused in every way that has a
message of its own; then all that they said is searched.
"""

import base64
import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization

from tests.cluster.waiting import eventually
from tests.serve import pki
from tests.serve.server import (
    POLICIES,
    Process,
    Server,
    command,
    environment,
    gpuclass,
    response,
    review,
    rewrite,
)
from tests.watch.apiserver import Answer, ApiServer, answer
from webhook.control.certificates import Pair

MARK = "s3cr3t-0f-n0b0dy"
TOLD = (MARK, base64.b64encode(MARK.encode()).decode())
"""How a secret may be written."""
STATUS = {"kind": "Status", "apiVersion": "v1"}
REFUSALS = {
    "unauthorized": answer({**STATUS, "message": "Unauthorized", "code": 401}, 401),
    "forbidden": answer({**STATUS, "message": "no", "code": 403}, 403),
    "unreadable": Answer(parts=(b"<html>",)),
}
"""Answers of an API server, by the reason that a watch gives for its failure."""
SPOILT_TOKENS = {"of two lines": f"{MARK}\nmore", "no ASCII": f"{MARK}\u20ac"}


def said_by(server: Process) -> str:
    """Give all that a running server tells of itself."""
    pages = ("/metrics", "/readyz?verbose", "/livez", "/nowhere")
    return "\n".join(
        (server.log.read_text(encoding="utf-8"), *(server.probe(each)[1] for each in pages))
    )


def assert_untold(text: str, *secrets: str) -> None:
    assert text
    assert [each for each in (*TOLD, *secrets) if each in text] == []


def lines_of(key: bytes) -> list[str]:
    """Give the lines of a PEM file that are the key."""
    return [each for each in key.decode().splitlines() if not each.startswith("-----")]


@pytest.fixture
def stranger(tmp_path: Path) -> Pair:
    """Give another pair, whose key is spoilt and mixed up with the server's."""
    return pki.write(tmp_path / "stranger", pki.authority())


def spoilt(own: bytes, other: Pair) -> Iterator[tuple[str, bytes]]:
    """Give what is wrong with a pair: the file and its content."""
    encrypted = other.key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(MARK.encode()),
    )
    yield "tls.key", other.key_pem()
    yield "tls.key", encrypted
    yield "tls.key", own[: len(own) // 2]
    yield "tls.key", own.replace(b"\n", f"\n{MARK}\n".encode(), 1)
    yield "tls.key", MARK.encode()
    yield "tls.crt", own
    yield "tls.crt", MARK.encode()


def test_a_key_is_told_by_no_fault_of_it(own_server: Callable[..., Server], stranger: Pair) -> None:
    server = own_server("--log-level", "debug")
    own = (server.certs / "tls.key").read_bytes()
    for number, (name, content) in enumerate(spoilt(own, stranger), start=1):
        file = server.certs / name
        good = file.read_bytes()
        rewrite(file, content)
        eventually(lambda: len(server.events("certificate refused")) == number, "the refusal")  # noqa: B023
        assert_untold(said_by(server), *lines_of(own), *lines_of(stranger.key_pem()))
        rewrite(file, good)
        eventually(
            lambda: json.loads(server.probe("/readyz?verbose")[1])["certificate"]["fault"] == "",
            "it to be well",
        )


def test_a_key_that_can_not_be_served_from_the_beginning_is_not_told(
    tmp_path: Path, stranger: Pair
) -> None:
    pki.write(tmp_path, pki.authority())
    for content in (stranger.key_pem(), f"{MARK}\n".encode()):
        (tmp_path / "tls.key").write_bytes(content)
        ended = command("serve", "--certs", str(tmp_path), "--policies", str(POLICIES))
        assert ended.returncode != 0
        assert_untold(ended.stderr + ended.stdout, *lines_of(stranger.key_pem()))


def kubeconfig(folder: Path, server: ApiServer, token: str) -> Path:
    """Write a kubeconfig that holds the token itself."""
    path = server.kubeconfig(folder)
    written = json.loads(path.read_text(encoding="utf-8"))
    written["users"][0]["user"] = {"token": token}
    path.write_text(json.dumps(written), encoding="utf-8")
    return path


@pytest.fixture
def watching(tmp_path: Path) -> Iterator[Callable[[Path], Process]]:
    """Give a way to start servers that watch, and end with the test."""
    started: list[Process] = []

    def start(kubeconfig: Path) -> Process:
        flags = ("--kubeconfig", str(kubeconfig), "--log-level", "debug")
        started.append(Process(tmp_path, *flags))
        return started[-1]

    yield start
    for each in started:
        each.stop()


def reasons(server: Process) -> set[str]:
    return {each["reason"] for each in server.events("watch failed")}


@pytest.mark.parametrize("reason", REFUSALS)
def test_a_token_is_told_by_no_failure_of_a_watch(
    tmp_path: Path, watching: Callable[[Path], Process], reason: str
) -> None:
    """One refusal at a time: a watch that is answered 401 asks again at once."""
    with ApiServer(*[REFUSALS[reason]] * 600) as api:
        server = watching(kubeconfig(tmp_path, api, MARK))
        eventually(lambda: reason in reasons(server), "the failure")
        assert api.asked[0].headers["authorization"] == f"Bearer {MARK}"
    eventually(lambda: "unreachable" in reasons(server), "the API server to be missed")
    assert_untold(said_by(server))


@pytest.mark.parametrize("token", SPOILT_TOKENS.values(), ids=SPOILT_TOKENS)
def test_a_token_that_no_header_can_hold_is_not_told_either(
    tmp_path: Path, watching: Callable[[Path], Process], token: str
) -> None:
    with ApiServer() as api:
        server = watching(kubeconfig(tmp_path, api, token))
        eventually(lambda: server.events("watch failed"), "a watch to fail")
        assert_untold(said_by(server))
    assert api.asked == []
    assert server.events("watch failed: internal fault") == []


@pytest.mark.parametrize("token", [MARK, SPOILT_TOKENS["of two lines"]], ids=["whole", "spoilt"])
def test_a_token_is_told_by_no_failure_of_the_controller(tmp_path: Path, token: str) -> None:
    log = tmp_path / "log"
    with ApiServer(*[*REFUSALS.values()] * 200) as api, log.open("wb") as file:
        path = kubeconfig(tmp_path, api, token)
        program = [gpuclass(), "controller", "--kubeconfig", str(path), "--log-level", "debug"]
        process = subprocess.Popen(
            [*program, "--metrics-bind", "127.0.0.1:0"], stderr=file, env=environment()
        )
        try:
            for told in ("lease not read", "watch failed"):
                eventually(lambda told=told: told in log.read_text(encoding="utf-8"), told)  # type: ignore[misc]
        finally:
            process.terminate()
            process.wait()
    assert_untold(log.read_text(encoding="utf-8"))
    assert "internal fault" not in log.read_text(encoding="utf-8")


def pods() -> Iterator[tuple[dict[str, Any], str]]:
    """Give pods whose contents are marked, each with the class that it names."""
    pod = json.loads(review())["request"]["object"]
    container = pod["spec"]["containers"][0]
    container |= {
        "env": [{"name": "PASSWORD", "value": MARK}],
        "command": [MARK],
        "args": [f"--password={MARK}"],
        "image": f"registry.example/{MARK}",
        "livenessProbe": {"httpGet": {"httpHeaders": [{"name": "Authorization", "value": MARK}]}},
    }
    pod["spec"]["volumes"] = [{"name": "v", "csi": {"volumeAttributes": {"password": MARK}}}]
    last = {"kubectl.kubernetes.io/last-applied-configuration": MARK}
    for named in ("training", "no-such-class"):
        pod["metadata"]["annotations"] = {"gpu-class": named, **last}
        yield json.loads(json.dumps(pod)), named
    pod["spec"]["containers"] = MARK
    yield pod, "unreadable"


def test_what_a_pod_contains_is_told_by_no_answer_of_it(
    own_server: Callable[..., Server],
) -> None:
    server = own_server("--log-level", "debug")
    for pod, named in pods():
        for path in ("/mutate", "/validate"):
            found = server.post(path, review(object=pod))
            told = found.body.decode()  # type: ignore[attr-defined]
            assert_untold(told)
            if named == "training" and path == "/mutate":
                assert_untold(base64.b64decode(response(found)["patch"]).decode())
    whole = json.loads(review())
    whole["request"]["object"] = {"metadata": {"annotations": {"a": {MARK: 1}}}}
    assert_untold(server.post("/mutate", json.dumps(whole).encode()).body.decode())  # type: ignore[attr-defined]
    assert_untold(said_by(server))
