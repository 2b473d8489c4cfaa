"""`gpuclass render` prints what the registration gives."""

import pytest
import yaml

from tests.cli.shipped import POLICIES, policy
from webhook.cli.commands.render import CRDS
from webhook.cli.main import main
from webhook.core import registration
from webhook.core.policy import crd


def test_the_configurations_are_printed_as_documents(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["render", "--policies", str(POLICIES)]) == 0
    printed = yaml.safe_load_all(capsys.readouterr().out)
    assert tuple(printed) == registration.render(policy())


def test_conditions_are_printed_line_by_line(capsys: pytest.CaptureFixture[str]) -> None:
    main(["render", "--policies", str(POLICIES)])
    printed = capsys.readouterr().out
    assert "    expression: |-\n      // new-or-lost-what-was-injected\n      (\n" in printed
    assert "\n      ) &&\n      // concerns-gpus\n      (\n" in printed


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        pytest.param([], ["GPUClass", "GPUNode", "GPUNodePool", "GPUPolicy"], id="all kinds"),
        pytest.param(["gpupolicies"], ["GPUPolicy"], id="one kind"),
    ],
)
def test_our_kinds_are_printed(
    named: list[str], expected: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["render", "--crds", *named]) == 0
    printed = yaml.safe_load_all(capsys.readouterr().out)
    assert [each["spec"]["names"]["kind"] for each in printed] == expected


def test_the_command_knows_the_kinds_that_the_core_has() -> None:
    assert tuple(crd.RESOURCES) == CRDS
