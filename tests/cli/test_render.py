"""`gpuclass render` prints what the registration gives."""

import sys
from types import ModuleType

import pytest

from tests.cli.shipped import POLICIES, policy
from webhook.cli import render
from webhook.cli.main import main
from webhook.core.policy.policy import Policy


class Registration(ModuleType):
    """Gives one small object for a policy."""

    def render(self, given: Policy) -> list[dict[str, object]]:
        """Give it."""
        return [{"kind": "A", "revision": given.revision}, {"kind": "B"}]


def test_the_configurations_are_printed_as_documents(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, render.REGISTRATION, Registration(render.REGISTRATION))
    assert main(["render", "--policies", str(POLICIES)]) == 0
    assert capsys.readouterr().out == (
        f"---\nkind: A\nrevision: {policy().revision}\n---\nkind: B\n"
    )
