"""What needs care in reports: escapes, one line a fault."""

from webhook.cli.report import annotation, place
from webhook.core.errors import Fault


def test_a_workflow_command_is_escaped() -> None:
    assert annotation("error", "a,b:c%.yaml", 3, "x", "50%\r\nnext: a, b") == (
        "::error file=a%2Cb%3Ac%25.yaml,line=3,title=gpuclass x::50%25%0D%0Anext: a, b"
    )


def test_an_annotation_without_a_line_stands_at_the_first() -> None:
    assert annotation("warning", "a", 0, "x", "y") == "::warning file=a,line=1,title=gpuclass x::y"


def test_an_annotation_without_a_file_has_no_place() -> None:
    assert annotation("notice", "", 3, "x", "y") == "::notice title=gpuclass x::y"


def test_a_fault_is_one_line_whatever_it_quotes() -> None:
    fault = Fault(source="a\nb", line=1, path="p", message="m\nn")
    assert place(fault) == r"a\nb:1: p: m\nn"
