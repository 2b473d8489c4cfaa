"""A policy of any size is one that lint has nothing against, in files and in an API server."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.core import many
from webhook.core.policy.check import check
from webhook.core.policy.documents import Document
from webhook.watch import files


def known(documents: tuple[Document, ...]) -> dict[tuple[type[Document], str], Document]:
    """Give documents by kind and name, without the place where they were read."""
    return {
        (type(each), each.name): replace(each, source="", line=0, lines={}) for each in documents
    }


@pytest.mark.parametrize("count", [1, 2, 30])
def test_a_policy_of_any_size_is_sound(count: int, tmp_path: Path) -> None:
    documents = many.documents(count)
    assert len(documents) == 2 * count + many.PRIORITIES + 1
    assert [each for each in check(documents) if each.severity == "error"] == []
    many.write(tmp_path / "policies", count)
    read, faults = files.load(tmp_path / "policies")
    assert faults == ()
    assert known(read) == known(documents)
