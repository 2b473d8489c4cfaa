"""Policies and certificates change, the server ends: requests do not notice."""

import json
import signal
import ssl
import threading
from collections.abc import Callable
from http.client import HTTPException

import pytest

from tests.cluster.waiting import eventually
from tests.serve.server import HOST, Server, command, exchange, response, review, rewrite

Start = Callable[..., Server]
FAILURES = "gpuclass_policy_reload_failures_total"


def test_probes_answer_in_plain_http(server: Server) -> None:
    assert server.probe("/livez") == (200, '{"alive":true}')
    assert server.probe("/readyz") == (200, '{"ready":true,"reasons":[]}')
    assert server.probe("/mutate")[0] == 404
    assert server.metric("gpuclass_build_info") == 1
    assert server.metric("gpuclass_certificate_expiry_timestamp_seconds") > 1e9


def test_decisions_are_counted_by_what_they_were(server: Server) -> None:
    sample = (
        'gpuclass_decisions_total{class="training",dry_run="true",operation="CREATE",'
        'stage="mutate",verdict="inject"}'
    )
    before = server.metric(sample)
    server.post("/mutate", review(dryRun=True))
    assert server.metric(sample) == before + 1
    assert server.metric('gpuclass_decision_duration_seconds_count{stage="mutate"}') > before


def test_a_changed_policy_is_live_without_a_restart(own_server: Start) -> None:
    server = own_server()
    training = server.policies / "classes" / "training.yaml"
    text = training.read_text(encoding="utf-8")
    rewrite(training, text.replace("name: training\nspec", "name: research\nspec"))
    eventually(
        lambda: response(server.post("/mutate", review("research")))["allowed"], "a new class"
    )
    assert response(server.post("/mutate", review("training")))["allowed"] is False


def test_a_broken_policy_changes_nothing_and_says_so(own_server: Start) -> None:
    server = own_server()
    training = server.policies / "classes" / "training.yaml"
    rewrite(training, training.read_text(encoding="utf-8").replace("Preferred", "Preferd"))
    eventually(lambda: server.metric(FAILURES) == 1, "the refusal to be counted")
    (event,) = server.events("policy refused")
    assert "spec.placement" in event["faults"][0]
    assert response(server.post("/mutate", review()))["allowed"] is True
    assert server.probe("/readyz")[0] == 200


def test_a_renewed_certificate_is_served_to_new_connections(own_server: Start) -> None:
    server = own_server()
    connection = server.connect()
    assert exchange(connection, "POST", "/mutate", review()).status == 200
    command("certs", "--out", str(server.certs), "--host", HOST, "--force")
    sample = "gpuclass_certificate_reloads_total"
    eventually(lambda: server.metric(sample) >= 1, "the new pair to be taken")
    assert server.post("/mutate", review()).status == 200
    assert exchange(connection, "POST", "/mutate", review()).status == 200
    connection.close()


def test_half_a_renewal_leaves_the_old_certificate(own_server: Start) -> None:
    server = own_server()
    other = server.certs.parent / "other"
    command("certs", "--out", str(other), "--host", HOST)
    rewrite(server.certs / "tls.crt", (other / "tls.crt").read_bytes())
    sample = "gpuclass_certificate_reload_failures_total"
    eventually(lambda: server.metric(sample) == 1, "the refusal to be counted")
    assert server.post("/mutate", review()).status == 200
    (event,) = server.events("certificate refused")
    assert event["fault"] == f"{server.certs / 'tls.key'}: is not the key of tls.crt"


def test_a_stop_under_load_loses_nothing(own_server: Start) -> None:
    server = own_server("--drain-seconds", "5")
    lost: list[str] = []
    answered: list[str | None] = []
    over = threading.Event()

    def ask() -> None:
        connection = server.connect()
        while not over.is_set():
            try:
                answer = exchange(connection, "POST", "/mutate", review())
            except (OSError, HTTPException) as error:
                lost.append(repr(error))
                return
            answered.append(answer.headers["Connection"])
            if answer.headers["Connection"] == "close":
                # The API server goes on with another replica: the Service has no other addresses
                # left, since preStop sleeps until the endpoint is gone.
                connection.close()
                return

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    eventually(lambda: len(answered) > 50, "some load")
    server.process.send_signal(signal.SIGTERM)
    eventually(lambda: answered.count("close") == len(threads), "every connection to be closed")
    status, body = server.probe("/readyz")
    assert status in {0, 503}
    if status:
        assert json.loads(body)["reasons"] == ["draining: the server is about to stop"]
    code = server.process.wait(60)
    over.set()
    for thread in threads:
        thread.join()
    assert (code, lost) == (0, [])


def test_a_second_signal_ends_it_at_once(own_server: Start) -> None:
    server = own_server("--drain-seconds", "600")
    server.process.send_signal(signal.SIGTERM)
    eventually(lambda: server.metric("gpuclass_draining") == 1, "draining")
    server.process.send_signal(signal.SIGINT)
    server.process.wait(60)


@pytest.mark.parametrize(
    ("flags", "line"),
    [
        pytest.param(("--policies", "nowhere"), "nowhere: no such folder", id="no policies"),
        pytest.param(
            ("--bind", "nonsense"),
            "--bind nonsense: expected HOST:PORT, such as 0.0.0.0:8443 or [::]:8443",
            id="no address",
        ),
        pytest.param(
            ("--certs", "nowhere"),
            "nowhere/tls.crt: can not be read: No such file or directory",
            id="no certificates",
        ),
        pytest.param(
            ("--drain-seconds", "long"),
            "--drain-seconds long: expected seconds, such as 3 or 0.5",
            id="no number",
        ),
        pytest.param(
            (),
            "no API server: this is no pod with a service account (Service host/port is not set); "
            "name one by --kubeconfig FILE (GPUCLASS_KUBECONFIG), "
            "or decide by the policies in a folder: --policies DIR (GPUCLASS_POLICIES)",
            id="no cluster",
        ),
        pytest.param(
            ("--kubeconfig", "nowhere"),
            "nowhere: no kubeconfig that can be used: No such file or directory, "
            "or decide by the policies in a folder: --policies DIR (GPUCLASS_POLICIES)",
            id="no kubeconfig",
        ),
        pytest.param(
            ("--welcome",),
            "--welcome: shows the policies in a folder; name one by --policies DIR",
            id="nothing to show",
        ),
    ],
)
def test_what_the_operator_has_to_mend_is_one_line(flags: tuple[str, ...], line: str) -> None:
    answer = command("serve", *flags)
    assert (answer.returncode, answer.stdout, answer.stderr) == (2, "", f"{line}\n")


def test_a_taken_port_is_one_line(server: Server) -> None:
    address = f"{HOST}:{server.port}"
    answer = command("serve", "--bind", address, "--metrics-bind", f"{HOST}:0")
    assert answer.returncode == 2
    assert answer.stderr == (
        f"can not listen on {address}: another program listens there; "
        "end it, or choose other ports by --bind and --metrics-bind\n"
    )


def test_an_unknown_variable_is_refused_with_the_nearest() -> None:
    answer = command("serve", GPUCLASS_BNID=f"{HOST}:0")
    assert answer.returncode == 2
    assert answer.stderr.startswith("GPUCLASS_BNID: no such setting; ")
    assert "did you mean GPUCLASS_BIND?" in answer.stderr


def test_a_broken_policy_at_the_start_is_named_fault_by_fault(own_server: Start) -> None:
    server = own_server()
    server.stop()
    training = server.policies / "classes" / "training.yaml"
    training.write_text(training.read_text(encoding="utf-8").replace("weight: 100", "weight: 500"))
    answer = command("serve", "--policies", str(server.policies))
    assert answer.returncode == 2
    assert [line.partition(": ")[2] for line in answer.stderr.splitlines()] == [
        "500 is not in 1..100",
        "500 is not in 1..100",
    ]


def test_old_tls_is_refused(server: Server) -> None:
    context = ssl.create_default_context(cafile=str(server.certs / "ca.crt"))
    context.maximum_version = ssl.TLSVersion.TLSv1_3
    with context.wrap_socket(server.raw(), server_hostname=HOST) as sock:
        assert sock.version() == "TLSv1.3"
