"""Answers for kubeadm in a container that is pretended: real tokens, and nodes that register.

A join reads its JoinConfiguration on standard input, holds the token against the API server's, and
creates the Node with the credential of that node: what NodeRestriction refuses, is refused. Run as
`python -m tests.cluster.kubeadm_stand_in`, with the places of things in the environment.
"""

import base64
import json
import os
import subprocess
import sys

import yaml

from tests.cluster.api import Json

KUBECTL, KUBEADM = os.environ["REAL_KUBECTL"], os.environ["REAL_KUBEADM"]
ADMIN, NODE = os.environ["KUBECONFIG"], os.environ["NODE_KUBECONFIG"]
READY = {"status": {"conditions": [{"type": "Ready", "status": "True", "reason": "Simulated"}]}}


def kubectl(kubeconfig: str, *arguments: str, text: str = "") -> str:
    """Run kubectl with somebody's credential."""
    command = [KUBECTL, "--kubeconfig", kubeconfig, *arguments]
    return subprocess.run(command, input=text, stdout=subprocess.PIPE, text=True, check=True).stdout


def admit(token: str) -> None:
    """End unless the token is one that the API server has now."""
    name, _, secret = token.partition(".")
    flags = ("-n", "kube-system", "get", "secret", f"bootstrap-token-{name}", "-o", "json")
    found = json.loads(kubectl(ADMIN, *flags))["data"]["token-secret"]
    assert base64.b64decode(found).decode() == secret


def node(configuration: Json) -> Json:
    """Give the Node that a kubelet registers for a JoinConfiguration."""
    said = configuration["nodeRegistration"]
    given = {each["name"]: each["value"] for each in said["kubeletExtraArgs"]}
    labels = dict(each.split("=", 1) for each in given["node-labels"].split(","))
    own = {"kubernetes.io/hostname": said["name"], "kubernetes.io/os": "linux"}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": said["name"], "labels": {**labels, **own}},
        "spec": {"taints": said["taints"], "providerID": given["provider-id"]},
    }


def join(text: str) -> None:
    """Register the node, and let it be ready and have room."""
    configuration = yaml.safe_load(text)
    admit(configuration["discovery"]["bootstrapToken"]["token"])
    made = node(configuration)
    kubectl(NODE, "create", "--filename", "-", text=json.dumps(made))
    room = {"cpu": "64", "memory": "256Gi", "pods": "110"}
    status = {"status": {**READY["status"], "capacity": room, "allocatable": room}}
    patch = ("--subresource", "status", "--type", "strategic", "--patch", json.dumps(status))
    # Not as the node: kubectl reads the status before it writes, which a kubelet may not.
    kubectl(ADMIN, "patch", "node", made["metadata"]["name"], *patch)


def main() -> None:
    """Do what kubeadm would."""
    if sys.argv[1] == "join":
        join(sys.stdin.read())
    else:
        command = [KUBEADM, *sys.argv[1:], "--kubeconfig", ADMIN]
        subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
