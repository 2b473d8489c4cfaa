"""Sampled stacks become parts of the work and functions."""

import pytest

from benchmarks.profile.stacks import GLUE, PARTS, functions, part, read, shares

LOOP = "Runner.run (asyncio/runners.py:118)"
DATA = "HttpToolsProtocol.data_received (uvicorn/protocols/http/httptools_impl.py:174)"
TASK = "RequestResponseCycle.run_asgi (uvicorn/protocols/http/httptools_impl.py:422)"
GATEWAY = "Gateway.__call__ (webhook/serve/asgi.py:59)"
ANSWER = "Answerer.answer (webhook/serve/answer.py:102)"
DECIDE = "decide (webhook/core/decide.py:50)"
SEND = "RequestResponseCycle.send (uvicorn/protocols/http/httptools_impl.py:524)"
READING, DECISION, RECORDING, SENDING, RECEIVING, _ = PARTS


@pytest.mark.parametrize(
    ("frames", "expected"),
    [
        pytest.param((LOOP,), GLUE, id="waiting"),
        pytest.param((LOOP, DATA), RECEIVING, id="parsing"),
        pytest.param(
            (LOOP, DATA, "Connection._enter (webhook/serve/protocol.py:9)"),
            RECEIVING,
            id="a deadline",
        ),
        pytest.param((LOOP, "SSLObject.read (ssl.py:921)"), RECEIVING, id="deciphering"),
        pytest.param((LOOP, TASK), GLUE, id="the task of a request"),
        pytest.param((LOOP, TASK, GATEWAY, ANSWER), GLUE, id="between the parts"),
        pytest.param((LOOP, TASK, GATEWAY, ANSWER, DECIDE), DECISION, id="a decision"),
        pytest.param((LOOP, DATA, GATEWAY, DECIDE), DECISION, id="a decision while receiving"),
        pytest.param(
            (DECIDE, "__init__ (<string>:3)", "cached (functools.py:1)"),
            DECISION,
            id="what a decision calls",
        ),
        pytest.param((ANSWER, "read (webhook/core/review.py:82)"), READING, id="reading"),
        pytest.param((LOOP, GATEWAY, SEND), SENDING, id="sending"),
        pytest.param((GATEWAY, SEND, "SSLObject.write (ssl.py:930)"), SENDING, id="ciphering"),
        pytest.param(
            (DATA, "Connection._answer_review (webhook/serve/protocol.py:9)"),
            SENDING,
            id="an answer that is written at once",
        ),
        pytest.param(
            (GATEWAY, "Observer.record (webhook/serve/observer.py:46)", "x (json/encoder.py:2)"),
            RECORDING,
            id="recording",
        ),
    ],
)
def test_a_sample_belongs_to_the_innermost_part(frames: tuple[str, ...], expected: str) -> None:
    assert part(frames) == expected


def test_threads_beside_the_main_one_are_left_out() -> None:
    text = (
        f"{LOOP};{DECIDE} 3\n"
        f"{LOOP};{DECIDE} 2\n"
        "Thread._bootstrap (threading.py:1002);LineWriter._run (webhook/process/logs.py:164) 50\n"
    )
    assert read(text) == {(LOOP, DECIDE): 5}


def test_every_part_has_a_share_also_one_that_was_never_met() -> None:
    found = shares({(LOOP,): 1, (LOOP, DECIDE): 2, (LOOP, ANSWER, DECIDE): 1})
    assert found == {**dict.fromkeys(PARTS, 0), DECISION: 0.75, GLUE: 0.25}
    assert list(found) == list(PARTS)


def test_functions_have_what_is_spent_in_them_alone_whatever_the_line() -> None:
    other = DECIDE.replace(":50", ":51")
    found = functions({(LOOP,): 1, (LOOP, DECIDE): 1, (LOOP, other): 2})
    assert list(found.items()) == [
        ("decide (webhook/core/decide.py)", 0.75),
        ("Runner.run (asyncio/runners.py)", 0.25),
    ]
    assert functions({("<module>",): 1}) == {"<module>": 1}
