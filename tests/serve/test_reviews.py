"""Every readable request gets an AdmissionReview, every other one JSON that says why not."""

import base64
import json

import pytest

from tests.cluster.waiting import eventually
from tests.serve import reviews
from tests.serve.server import JSON, Server, exchange, response, review


def test_a_gpu_pod_is_answered_with_a_patch(server: Server) -> None:
    answer = server.post("/mutate?timeout=5s", review())
    found = response(answer)
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert (found["uid"], found["allowed"], found["patchType"]) == ("1-2-3", True, "JSONPatch")
    paths = [each["path"] for each in json.loads(base64.b64decode(found["patch"]))]
    assert "/spec/priorityClassName" in paths


def test_a_refusal_is_an_answer_with_code_and_message(server: Server) -> None:
    found = response(server.post("/mutate", review("trainin")))
    assert found["allowed"] is False
    assert found["status"]["code"] == 403
    assert 'there is no class "trainin"; did you mean training?' in found["status"]["message"]
    assert "patch" not in found


def test_validation_never_patches(server: Server) -> None:
    found = response(server.post("/validate", review()))
    assert found["allowed"] is False
    assert "patch" not in found


def test_many_requests_go_over_one_connection(server: Server) -> None:
    connection = server.connect()
    connection.connect()
    port = connection.sock.getsockname()[1]
    for _ in range(3):
        assert exchange(connection, "POST", "/mutate", review()).status == 200
        assert connection.sock.getsockname()[1] == port
    connection.close()


@pytest.mark.parametrize(
    ("path", "body", "headers", "status", "error"),
    [
        pytest.param(
            "/mutate",
            b"{",
            JSON,
            400,
            "the body is no AdmissionReview: Input data was truncated",
            id="no JSON",
        ),
        pytest.param("/mutate", b"", JSON, 400, "the body is no AdmissionReview: ", id="empty"),
        pytest.param(
            "/validate",
            b"{}",
            JSON,
            400,
            "expected admission.k8s.io/v1 AdmissionReview, found no apiVersion no kind",
            id="another object",
        ),
        pytest.param(
            "/mutate", b"\xff\xfe{\x00", JSON, 400, "the body is no AdmissionReview: ", id="UTF-16"
        ),
        pytest.param(
            "/mutate",
            b"{}",
            {"Content-Type": "text/plain"},
            415,
            "expected Content-Type application/json, not text/plain",
            id="another type",
        ),
        pytest.param(
            "/mutate",
            b"{}",
            {},
            415,
            "expected Content-Type application/json, and none is given",
            id="no type",
        ),
        pytest.param("/nowhere", b"{}", JSON, 404, "POST /nowhere: not found", id="another path"),
    ],
)
def test_what_can_not_be_read_gets_json_that_says_why(
    server: Server, path: str, body: bytes, headers: dict[str, str], status: int, error: str
) -> None:
    answer = server.post(path, body, headers)
    assert answer.status == status
    assert answer.headers["Content-Type"] == "application/json"
    found = json.loads(answer.body)  # type: ignore[attr-defined]
    assert (found.get("error") or reviews.fault(status, found)).startswith(error)


def test_an_object_of_another_shape_is_named(server: Server) -> None:
    pod = {"metadata": {}, "spec": {"containers": "none"}}
    answer = server.post("/mutate", review(object=pod))
    assert answer.status == 400
    assert json.loads(answer.body)["message"] == (  # type: ignore[attr-defined]
        "the Pod can not be read: Expected `array | null`, got `str` - at `$.spec.containers`"
    )


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_another_method_is_refused(server: Server, method: str) -> None:
    connection = server.connect()
    answer = exchange(connection, method, "/mutate")
    connection.close()
    assert answer.status == 405
    assert "POST" in answer.headers["Allow"]


def test_a_body_over_the_limit_is_refused_without_being_read_whole(server: Server) -> None:
    connection = server.connect()
    connection.putrequest("POST", "/mutate")
    connection.putheader("Content-Type", "application/json")
    connection.putheader("Content-Length", str(64 * 1024 * 1024))
    connection.endheaders()
    try:
        for _ in range(10):
            connection.send(b" " * 1024 * 1024)
    except OSError:
        pass
    answer = connection.getresponse()
    assert answer.status == 413
    assert json.loads(answer.read())["message"] == "the body is larger than 8388608 bytes"
    assert answer.headers["Connection"] == "close"
    connection.close()


def test_a_slash_at_the_end_is_no_redirect(server: Server) -> None:
    assert server.post("/mutate/", review()).status == 200


def test_no_time_left_is_said_at_once_and_may_be_tried_again(server: Server) -> None:
    answer = server.post("/mutate?timeout=0s", review())
    assert answer.status == 503
    assert answer.headers["Retry-After"] == "1"


def test_a_decision_is_logged_without_the_pod(server: Server) -> None:
    server.post("/mutate", review("production", uid="logged", dryRun=True))
    event = eventually(
        lambda: next((e for e in server.events("mutate inject") if e["uid"] == "logged"), {}),
        "a log line",
    )
    del event["time"], event["milliseconds"]
    assert event == {
        "level": "info",
        "logger": "gpuclass.review",
        "message": "mutate inject",
        "uid": "logged",
        "user": "alice",
        "operation": "CREATE",
        "namespace": "team-a",
        "kind": "Pod",
        "name": "",
        "class": "production",
        "rules": ["priority", "placement", "tolerations"],
        "warnings": 0,
        "dry_run": True,
    }
