"""deploy/terraform as files: what the provider takes, what is documented, what is passed on.

Needs neither OpenTofu nor a provider; test_terraform_run.py runs the half that decides.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import hcl2
import pytest

from tests.deploy.terraform import MODULE, ROOT

EXAMPLE = MODULE / "example"
NODES = MODULE / "nodes"
PROVIDER = "0.11.0"

Body = dict[str, Any]

MOUNT = {"host_path", "container_path", "propagation", "read_only", "selinux_relabel"}
PORT = {"container_port", "host_port", "listen_address", "protocol"}
NETWORKING = {
    "api_server_address",
    "api_server_port",
    "disable_default_cni",
    "dns_search",
    "ip_family",
    "kube_proxy_mode",
    "pod_subnet",
    "service_subnet",
}
KIND_CONFIG = {
    "kind",
    "api_version",
    "containerd_config_patches",
    "feature_gates",
    "runtime_config",
}

TAKEN: Mapping[str, tuple[set[str], set[str]]] = {
    "": ({"name", "node_image", "wait_for_ready", "kubeconfig_path"}, {"kind_config"}),
    "kind_config": (KIND_CONFIG, {"networking", "node"}),
    "networking": (NETWORKING, set()),
    "node": (
        {"role", "image", "labels", "kubeadm_config_patches"},
        {"extra_mounts", "extra_port_mappings"},
    ),
    "extra_mounts": (MOUNT, set()),
    "extra_port_mappings": (PORT, set()),
}
"""Attributes and blocks of `kind_cluster` in version 0.11 of the provider, by block."""

REQUIRED = {"": {"name"}, "kind_config": {"kind", "api_version"}}

COMPUTED = {
    "client_certificate",
    "client_key",
    "cluster_ca_certificate",
    "completed",
    "endpoint",
    "kubeconfig",
    "kubeconfig_path",
    "name",
}

MARKS = {"__is_block__", "__comments__"}


def read(path: Path) -> Body:
    found: Body = hcl2.loads(path.read_text(encoding="utf-8"))
    return found


def named(body: Body, kind: str) -> dict[str, Body]:
    """Give the blocks of a kind by their label."""
    return {
        label.strip('"'): block
        for each in body.get(kind, [])
        for label, block in each.items()
        if label not in MARKS
    }


def faults(block: Body, name: str = "") -> list[str]:
    """Say what a block of `kind_cluster` has that the provider does not take, and what it lacks."""
    attributes, blocks = TAKEN[name]
    found = {key for key in block if key not in MARKS and not inner(block, key)}
    more = [f"{name or 'kind_cluster'}: {key}" for key in sorted(found - attributes)]
    lacking = REQUIRED.get(name, set()) - found
    more += [f"{name or 'kind_cluster'}: {key} is missing" for key in sorted(lacking)]
    for key, body in children(block):
        more += faults(body, key) if key in blocks else [f"{name or 'kind_cluster'}: block {key}"]
    return more


def inner(block: Body, key: str) -> bool:
    value = block[key]
    blocks = isinstance(value, list) and any(MARKS & set(v) for v in value if isinstance(v, dict))
    return key == "dynamic" or blocks


def children(block: Body) -> Iterator[tuple[str, Body]]:
    for key in block:
        if key == "dynamic":
            for name, body in named(block, key).items():
                yield name, body["content"][0]
        elif key not in MARKS and inner(block, key):
            for body in block[key]:
                yield key, body


def cluster() -> Body:
    found: Body = named(read(MODULE / "main.tf"), "resource")["kind_cluster"]['"this"']
    return found


@pytest.mark.parametrize(
    "path",
    [*MODULE.rglob("*.tf"), *MODULE.rglob("*.hcl")],
    ids=lambda path: str(path.relative_to(MODULE)),
)
def test_every_file_parses(path: Path) -> None:
    assert read(path)


def test_the_provider_takes_every_attribute_of_the_cluster() -> None:
    assert faults(cluster()) == []


def test_every_block_that_the_provider_has_for_nodes_is_written() -> None:
    (config,) = cluster()["kind_config"]
    node = dict(children(config))["node"]
    assert [name for name, _ in children(config)] == ["node"]
    assert dict(children(node)).keys() == {"extra_mounts", "extra_port_mappings"}
    for name, body in children(node):
        assert set(body) - MARKS == TAKEN[name][0]


WRONG = """\
resource "kind_cluster" "this" {
  image = "kindest/node:v1.35.0"
  kind_config {
    kind = "Cluster"
    node {
      role  = "worker"
      taint = "nvidia.com/gpu"
      extra_mounts {
        host_path = "/usr/local/nvidia"
        readonly  = true
      }
      gpus {
        all = true
      }
    }
  }
}
"""


def test_what_the_provider_does_not_take_would_be_found() -> None:
    block = named(hcl2.loads(WRONG), "resource")["kind_cluster"]['"this"']
    assert faults(block) == [
        "kind_cluster: image",
        "kind_cluster: name is missing",
        "kind_config: api_version is missing",
        "node: taint",
        "extra_mounts: readonly",
        "node: block gpus",
    ]


def test_what_a_mount_and_a_port_may_have_is_what_the_provider_takes() -> None:
    (first, *_) = read(NODES / "main.tf")["locals"]
    nested = {key: {each.strip('"') for each in values} for key, values in first["nested"].items()}
    assert (nested["extra_mounts"], nested["extra_port_mappings"]) == (MOUNT, PORT)


def test_outputs_name_attributes_that_the_provider_computes() -> None:
    texts = [str(each["value"]) for each in named(read(MODULE / "outputs.tf"), "output").values()]
    used = {
        text.split("kind_cluster.this.")[1].split("}")[0]
        for text in texts
        if "kind_cluster.this." in text
    }
    assert used == {"name", "kubeconfig_path", "endpoint", "kubeconfig"}
    assert used <= COMPUTED


def test_the_kubeconfig_is_shown_to_nobody() -> None:
    outputs = named(read(MODULE / "outputs.tf"), "output")
    assert [name for name, each in outputs.items() if each.get("sensitive")] == ["kubeconfig"]


def test_the_module_for_nodes_gets_each_of_its_variables() -> None:
    wanted = named(read(NODES / "variables.tf"), "variable")
    given = named(read(MODULE / "main.tf"), "module")["nodes"]
    passed = {key: value for key, value in given.items() if key not in {"source", *MARKS}}
    assert passed == {name: f"${{var.{name}}}" for name in wanted}


def test_variables_that_are_passed_on_are_the_same_on_both_sides() -> None:
    outer = named(read(MODULE / "variables.tf"), "variable")
    for name, inside in named(read(NODES / "variables.tf"), "variable").items():
        assert outer[name]["type"] == inside["type"], name
        default = outer[name].get("default")
        assert default == inside.get("default", default), name


@pytest.mark.parametrize("folder", [MODULE, EXAMPLE], ids=["module", "example"])
def test_the_provider_is_locked_for_both_registries(folder: Path) -> None:
    (terraform,) = read(MODULE / "versions.tf")["terraform"]
    (providers,) = terraform["required_providers"]
    constraint = providers["kind"]["version"]
    assert constraint == f'"~> {PROVIDER}"'
    locked = named(read(folder / ".terraform.lock.hcl"), "provider")
    source = providers["kind"]["source"].strip('"')
    assert {name: (each["version"], each["constraints"]) for name, each in locked.items()} == {
        f"registry.{registry}/{source}": (f'"{PROVIDER}"', constraint)
        for registry in ("opentofu.org", "terraform.io")
    }


def test_everything_has_a_description_and_a_line_in_the_page() -> None:
    page = (MODULE / "README.md").read_text(encoding="utf-8")
    for kind in ("variable", "output"):
        for name, block in named(read(MODULE / f"{kind}s.tf"), kind).items():
            assert block["description"].strip('"'), name
            assert f"| `{name}` |" in page, name
    for attribute in read(NODES / "main.tf")["locals"][0]["attributes"]:
        assert f"| `{attribute.strip(chr(34))}` |" in page, attribute


@pytest.mark.parametrize("name", ["main.tf", "README.md", "example/main.tf", "variables.tf"])
def test_it_is_said_loudly_that_a_change_replaces_the_cluster(name: str) -> None:
    text = " ".join((MODULE / name).read_text(encoding="utf-8").replace("#", "").split())
    assert "REPLACES THE WHOLE CLUSTER" in text


def test_the_way_to_add_a_node_is_pointed_at() -> None:
    assert (ROOT / "deploy" / "bootstrap" / "gpu-node").is_file()
    for name in ("main.tf", "README.md", "outputs.tf"):
        assert "deploy/bootstrap/gpu-node add" in (MODULE / name).read_text(encoding="utf-8"), name
