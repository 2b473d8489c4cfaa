"""`gpuclass render` prints what the registration gives."""

import pytest
import yaml

from tests.cli.shipped import POLICIES, policy
from webhook.cli.main import main
from webhook.core import registration


def test_the_configurations_are_printed_as_documents(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["render", "--policies", str(POLICIES)]) == 0
    printed = yaml.safe_load_all(capsys.readouterr().out)
    assert tuple(printed) == registration.render(policy())


def test_conditions_are_printed_line_by_line(capsys: pytest.CaptureFixture[str]) -> None:
    main(["render", "--policies", str(POLICIES)])
    assert "    expression: |-\n      request.operation == 'CREATE' ||\n" in capsys.readouterr().out
