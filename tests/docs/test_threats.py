"""SECURITY.md against what the manifests grant: it must not promise more than they hold."""

from pathlib import Path

from tests.deploy.test_base import CONTROLLER, SERVER, container, document, rights

TEXT = (Path(__file__).parents[2] / "SECURITY.md").read_text(encoding="utf-8")
COMPROMISED = (
    "the leaf's key",
    "the CA's key",
    "a replica of the server",
    "the controller's account",
    "who writes GPUPolicy",
    "who writes nodes",
    "the repository of policies",
    "this project's repository",
    "a dependency",
    "Argo CD",
    "a tenant who is admin",
    "something in the cluster's network",
)


def test_every_compromise_has_a_row_that_says_what_bounds_it() -> None:
    table = TEXT.partition("| who is compromised |")[2]
    rows = [line.split(" | ") for line in table.splitlines() if line.startswith("| ")]
    for name in COMPROMISED:
        (row,) = (each for each in rows if each[0].startswith(f"| {name}"))
        assert len(row) == 3
        assert all(cell.strip(" |") for cell in row)


def test_the_server_can_write_nothing_and_read_no_secret() -> None:
    assert "nothing to write, no Secret" in TEXT
    for (_, resource, _), verbs in rights("ClusterRole", SERVER).items():
        assert verbs <= {"get", "list", "watch"}
        assert resource != "secrets"


def test_the_controller_s_rights_are_for_names_but_for_nodes() -> None:
    assert "nodes can not be narrowed by RBAC" in TEXT
    named = {
        "secrets",
        "leases",
        "mutatingwebhookconfigurations",
        "validatingwebhookconfigurations",
    }
    for kind in ("ClusterRole", "Role"):
        for (_, resource, names), verbs in rights(kind, CONTROLLER).items():
            if resource in named and verbs != {"create"}:
                assert names


def test_no_pod_mounts_the_ca_s_key() -> None:
    assert "no pod mounts it" in TEXT
    for program in (SERVER, CONTROLLER):
        spec = document("Deployment", program)["spec"]["template"]["spec"]
        secrets = [each.get("secret", {}).get("secretName") for each in spec["volumes"]]
        assert "gpuclass-ca" not in secrets
        assert container(program)["securityContext"]["readOnlyRootFilesystem"]
