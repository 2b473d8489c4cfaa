"""Who keeps together, and what begins first, when several workers share the tests."""

import pytest

from tests.sharing import FIRST, rank, unit


@pytest.mark.parametrize(
    ("nodeid", "expected"),
    [
        pytest.param("tests/core/test_a.py::test_b[c::d]", "tests/core/test_a.py", id="a file"),
        pytest.param(
            "tests/cluster/test_a.py::test_b", "tests/cluster/test_a.py", id="a control plane's"
        ),
        pytest.param(
            "tests/cluster/governed/test_a.py::test_b", "tests/cluster/governed/", id="a folder"
        ),
        pytest.param(
            "tests/property/test_a.py::test_b[0]",
            "tests/property/test_a.py::test_b[0]",
            id="a property, which shares nothing",
        ),
    ],
)
def test_files_but_those_of_properties_are_never_split_and_some_folders_are_not(
    nodeid: str, expected: str
) -> None:
    assert unit(nodeid) == expected


def test_what_waits_for_control_planes_begins_first() -> None:
    turns = [*FIRST, "tests/cluster/test_a.py::test_b", "tests/core/test_a.py::test_b"]
    assert [rank(each) for each in turns] == [0, 1, 2, 3, 4, 5, 5, 6]
