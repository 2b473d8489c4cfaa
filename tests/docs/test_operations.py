"""How the page of commands is read and compared, without a cluster."""

import pytest

from tests.cluster.operations.page import Command, commands, is_like

PAGE = """
text
```console
$ kubectl get pods
NAME   AGE
a      3s
$ kubectl delete pod/a
```
```sh
$ not one of them
```
"""


def test_commands_and_their_answers_are_read_from_console_blocks() -> None:
    assert [*commands(PAGE)] == [
        Command(text="kubectl get pods", answer=("NAME   AGE", "a      3s")),
        Command(text="kubectl delete pod/a", answer=()),
    ]


def test_an_answer_without_its_command_is_a_mistake_of_the_page() -> None:
    with pytest.raises(ValueError, match="an answer without a command: 'NAME"):
        list(commands("```console\nNAME\n$ x\n```\n"))


@pytest.mark.parametrize(
    ("expected", "found", "is_alike"),
    [
        pytest.param(["a  1"], ["a 1 "], True, id="spaces"),
        pytest.param(["a 1"], ["a 2"], False, id="another number"),
        pytest.param(
            ["web-5bd8f8cc64-bq2xj 3s"], ["web-7bd8f8cc65-xxxxx 2m4s"], True, id="volatile"
        ),
        pytest.param(["web-5bd8f8cc64-bq2xj"], ["train-7bd8f8cc65-xxxxx"], False, id="name"),
        pytest.param(["a", "..."], ["a"], True, id="no line left out"),
        pytest.param(["a", "...", "d"], ["a", "b", "c", "d"], True, id="lines left out"),
        pytest.param(["a", "d"], ["a", "b", "d"], False, id="a line too many"),
        pytest.param(["a", "b"], ["a"], False, id="a line too few"),
        pytest.param(["a ... d (x)"], ["a b c d (x)"], True, id="within a line"),
        pytest.param(["a ... e"], ["a b c d"], False, id="within a line, otherwise"),
        pytest.param([], [], True, id="nothing"),
    ],
)
def test_answers_are_compared_but_for_what_no_two_runs_have_alike(
    expected: list[str], found: list[str], *, is_alike: bool
) -> None:
    assert is_like(expected, found) is is_alike
