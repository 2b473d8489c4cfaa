"""The first screen of `gpuclass serve --welcome`: what is loaded, a pod reviewed, what to try next.

It runs as a process of its own and is a client like any other: the sample goes over TLS to the
server that has just come up.
"""

import base64
import difflib
import http.client
import itertools
import json
import ssl
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec
import yaml

from webhook import __version__
from webhook.cli.console import Console, When, wants_colour
from webhook.cli.diffs import paint
from webhook.core.patch import JSON, Operation, apply
from webhook.core.policy.policy import Policy, compile_policy
from webhook.core.review import API_VERSION, KIND
from webhook.process.settings import Address, address
from webhook.watch.files import load

PATIENCE_SECONDS = 20
SCREEN = 96
"""Columns that are shown of a line."""
_WIDE = 10_000
_HEADING = 3
"""Lines of a unified diff before its first."""
POLL_SECONDS = 0.05

SAMPLE: Mapping[str, JSON] = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "train", "namespace": "team-a", "annotations": {"gpu-class": "training"}},
    "spec": {
        "containers": [
            {
                "name": "train",
                "image": "example.com/train:1",
                "resources": {"limits": {"nvidia.com/gpu": "1"}},
            }
        ]
    },
}


def main(arguments: list[str]) -> int:
    """Wait for the server, send it the sample, print the screen."""
    admission, probes, authority, policies = arguments
    console = Console(
        out=sys.stdout,
        err=sys.stderr,
        stdin=sys.stdin.buffer,
        is_coloured=wants_colour(When.AUTO, sys.stdout),
    )
    documents, _ = load(Path(policies))
    policy = compile_policy(documents)
    sample: JSON = json.loads(json.dumps(SAMPLE))
    answer = _asked(address(admission), authority, sample)
    if answer is None:
        console.complain(f"the server did not answer within {PATIENCE_SECONDS} s")
        return 1
    after = apply(_operations(answer), sample)
    console.print(f"gpuclass {__version__} serves on https://{admission}")
    console.print(f"probes and metrics: http://{probes}/readyz and /metrics\n")
    for line in (*loaded(policy, policies), "", *reviewed(sample, after, console)):
        console.print(line)
    for line in ("", *_next(admission, authority, policies)):
        console.print(line)
    sys.stdout.flush()
    return 0


def loaded(policy: Policy, policies: str) -> Iterator[str]:
    """Say what the policy consists of."""
    yield f"Loaded from {policies}, revision {policy.revision}:"
    row = "  {:<14}{:<26}{:<11}{}"
    yield row.format("class", "pools", "placement", "priority class")
    for name, plan in policy.classes.items():
        pools = ", ".join(pool.name for pool in plan.pools)
        default = " *" if name == policy.default_class else ""
        priority = plan.priority.name if plan.priority else "the author's own"
        yield row.format(name + default, pools, plan.placement, priority)
    yield "  * for pods that ask for a GPU and name no class"


def reviewed(before: JSON, after: JSON, console: Console) -> Iterator[str]:
    """Show the sample before and after."""
    yield "A pod that it has just reviewed over the wire, before and after:"
    whole = max(len(_written(before)), len(_written(after)))
    diff = difflib.unified_diff(_written(before), _written(after), n=whole, lineterm="")
    for line in itertools.islice(diff, _HEADING, None):
        yield f"  {paint(line, console)}"


def _written(value: JSON) -> list[str]:
    """Write a value as YAML in few lines, the longest cut."""
    text: str = yaml.safe_dump(value, sort_keys=False, default_flow_style=None, width=_WIDE)
    return [
        line if len(line) <= SCREEN else f"{line[: SCREEN - 4]} ..." for line in text.splitlines()
    ]


def _next(admission: str, authority: str, policies: str) -> Iterator[str]:
    yield "Try next, in another terminal:"
    yield "  .venv/bin/gpuclass review my-deployment.yaml    what the cluster would do with it"
    yield f"  edit {policies}/classes/training.yaml           live within a second, if it is sound"
    yield f"  curl --cacert {authority} https://{admission}/readyz"
    yield "  make demo                                       a real API server and scheduler"
    yield "Ctrl-C ends it."


def _operations(answer: bytes) -> list[Operation]:
    response = json.loads(answer)["response"]
    return msgspec.json.decode(base64.b64decode(response["patch"]), type=list[Operation])


def _asked(server: Address, authority: str, pod: JSON) -> bytes | None:
    """Send the sample until the server answers; None where it does not in time."""
    body = json.dumps(
        {
            "apiVersion": API_VERSION,
            "kind": KIND,
            "request": {
                "uid": "welcome",
                "kind": {"group": "", "version": "v1", "kind": "Pod"},
                "namespace": "team-a",
                "operation": "CREATE",
                "userInfo": {"username": "welcome", "groups": ["system:authenticated"]},
                "object": pod,
                "dryRun": True,
            },
        }
    )
    context = ssl.create_default_context(cafile=authority)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        connection = http.client.HTTPSConnection(
            server.host, server.port, timeout=PATIENCE_SECONDS, context=context
        )
        try:
            connection.request("POST", "/mutate", body, {"Content-Type": "application/json"})
            return connection.getresponse().read()
        except OSError:
            time.sleep(POLL_SECONDS)
        finally:
            connection.close()
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
