"""`gpuclass render`: the webhook configurations that a policy calls for."""

import importlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Protocol

import yaml

from webhook.cli import policies
from webhook.cli.console import Console
from webhook.core.patch import JSON
from webhook.core.policy.policy import Policy

REGISTRATION = "webhook.core.registration"


class Registration(Protocol):
    """What gives the configurations: they are a function of the policy."""

    def render(self, policy: Policy) -> Iterable[Mapping[str, JSON]]:
        """Give the objects to register."""


def run(directory: Path, console: Console) -> int:
    """Print the configurations for the policy of a folder as YAML documents."""
    policy = policies.load(directory)
    registration: Registration = importlib.import_module(REGISTRATION)
    documents = [dict(each) for each in registration.render(policy)]
    yaml.safe_dump_all(documents, console.out, sort_keys=False, explicit_start=True)
    return 0
