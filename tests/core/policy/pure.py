"""The strict reader without libyaml: the yardstick of the one with it.

Guided fuzzing reads it too, in an environment that has no pytest.
"""

from unittest import mock

import yaml

from webhook.core.errors import Fault
from webhook.core.policy import strict_yaml
from webhook.core.policy.located import Located


def read(text: str, source: str) -> tuple[tuple[Located, ...], tuple[Fault, ...]]:
    """Read as where PyYAML was built without libyaml."""
    with mock.patch.object(strict_yaml, "_QUICK", yaml.SafeLoader):
        return strict_yaml.read(text, source)


def assert_read_alike(text: str) -> None:
    """Read a text both ways: values, how they were spelt, lines, order of keys and faults agree."""
    assert repr(strict_yaml.read(text, "p.yaml")) == repr(read(text, "p.yaml"))
