"""`argocd`: what is applied, in which order, and what it says where Argo CD does not come up."""

import hashlib
import re
import shutil
from pathlib import Path

import pytest
import yaml

from tests.cluster.binaries import Binaries
from tests.deploy.bootstrap.bench import BOOTSTRAP, ROOT, Bench, Ran

URL = "https://git.example.com/platform/gpus.git"
ARGUMENTS = ("--repo-url", URL)
KUBE = "kubectl --context kind-c"
OURS = "--field-manager gpuclass-bootstrap"
CHANGES = [
    "curl --fail --silent --show-error --location --max-time 120 --output FOLDER/base/install.yaml "
    "https://raw.githubusercontent.com/argoproj/argo-cd/v3.5.7/manifests/install.yaml",
    "kubectl create namespace argocd --dry-run=client --output yaml",
    f"{KUBE} apply --server-side {OURS} --filename -",
    f"{KUBE} apply --server-side --force-conflicts {OURS} --kustomize FOLDER",
    f"{KUBE} apply --server-side --force-conflicts {OURS} --filename -",
]


@pytest.fixture
def installer(bench: Bench, binaries: Binaries, tmp_path: Path) -> Bench:
    """Give a bench whose scripts pin the digest of a manifest that is at hand."""
    manifest = tmp_path / "manifest.yaml"
    # As in Argo CD's own: the namespace is for whoever applies it to say.
    manifest.write_text(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: argocd-cm}\n", encoding="utf-8"
    )
    for name in ("bootstrap", "argocd"):
        shutil.copytree(ROOT / "deploy" / name, tmp_path / "deploy" / name)
    bench.scripts = tmp_path / "deploy" / "bootstrap"
    versions = bench.scripts / "versions.env"
    digest = hashlib.sha256(manifest.read_bytes()).hexdigest()
    text = re.sub("(?<=SHA256=)[0-9a-f]{64}", digest, versions.read_text(encoding="utf-8"))
    versions.write_text(text, encoding="utf-8")
    bench.set(manifest=str(manifest))
    bench.variables["REAL_KUBECTL"] = str(binaries.kubectl)
    return bench


def changes(ran: Ran) -> list[str]:
    """Give what changes something, in order, without the name of the scratch folder."""
    found = [re.sub(r"/\S*/tmp\.\w+", "FOLDER", each) for each in ran.changes]
    pipeline = found[1:3]
    return [found[0], *sorted(pipeline, key=lambda each: "apply" in each), *found[3:]]


def test_argo_cd_is_installed_and_its_root_applied(installer: Bench, tmp_path: Path) -> None:
    ran = installer.run("argocd", *ARGUMENTS, "--path", "clusters/lab", "--revision", "lab")
    assert (ran.code, ran.err) == (0, "")
    assert changes(ran) == CHANGES
    waits = [each for each in ran.commands if " wait " in each or " rollout " in each]
    assert len(waits) == 6
    assert ran.commands.index(waits[-1]) < ran.commands.index(ran.changes[-1])
    _, built, root = installer.world["applied"]
    config = yaml.safe_load(built)
    assert config["metadata"] == {"name": "argocd-cm", "namespace": "argocd"}
    assert "resource.customizations.health.argoproj.io_Application" in config["data"]
    project, application = yaml.safe_load_all(root)
    assert project["spec"]["sourceRepos"] == [URL]
    source = application["spec"]["source"]
    (patch,) = source.pop("kustomize")["patches"]
    assert source == {"repoURL": URL, "targetRevision": "lab", "path": "clusters/lab"}
    assert patch["target"] == {"kind": "ConfigMap", "name": "site"}
    assert [each["value"] for each in yaml.safe_load(patch["patch"])] == [URL, "lab"]
    assert not list(tmp_path.glob("tmp.*"))
    assert changes(installer.run("argocd", *ARGUMENTS)) == CHANGES


def test_the_root_may_hold_applications_and_nothing_else() -> None:
    project, application = yaml.safe_load_all((BOOTSTRAP / "root.yaml").read_text(encoding="utf-8"))
    spec = project["spec"]
    assert spec["clusterResourceWhitelist"] == []
    assert {each["kind"] for each in spec["namespaceResourceWhitelist"]} == {
        "Application",
        "AppProject",
    }
    assert [each["namespace"] for each in spec["destinations"]] == ["argocd"]
    assert application["spec"]["project"] == project["metadata"]["name"]
    assert "finalizers" not in application["metadata"]


def test_a_manifest_of_another_digest_is_not_applied(installer: Bench, tmp_path: Path) -> None:
    (tmp_path / "manifest.yaml").write_text("kind: Pod\n", encoding="utf-8")
    ran = installer.run("argocd", *ARGUMENTS)
    assert ran.code == 1
    assert "argocd: this is not the install.yaml of Argo CD v3.5.7: its SHA-256 is " in ran.err
    assert installer.world["applied"] == []
    assert not list(tmp_path.glob("tmp.*"))


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ("curl", "take the manifest of Argo CD v3.5.7"),
        ("--kustomize", "install Argo CD v3.5.7"),
        ("rollout status", "wait until Argo CD is up"),
        ("force-conflicts.*--filename", "apply the project and the Application root"),
    ],
)
def test_a_step_that_fails_says_what_to_do_and_leaves_no_file(
    installer: Bench, tmp_path: Path, call: str, said: str
) -> None:
    ran = installer.run("argocd", *ARGUMENTS, FAIL=call)
    assert ran.code == 1
    assert f"argocd: this failed: {said}\n  next: " in ran.err
    assert not list(tmp_path.glob("tmp.*"))


def test_a_repository_that_is_not_synced_is_told_with_argo_cds_words(installer: Bench) -> None:
    installer.set(application="OutOfSync Missing")
    ran = installer.run("argocd", *ARGUMENTS, "--timeout", "1")
    assert ran.code == 1
    assert "waited 1 s for the Application root to be synced and healthy" in ran.err
    assert "is there deploy/argocd in main?" in ran.err
    assert "conditions" in ran.commands[-2]
    assert ran.commands[-1].endswith("get applications")


def test_a_dry_run_touches_nothing(installer: Bench) -> None:
    before = installer.world
    dry = installer.run("argocd", *ARGUMENTS, "--dry-run", "--context", "kind-c")
    assert (dry.code, dry.err, dry.calls, installer.world) == (0, "", (), before)
    for each in CHANGES:
        assert each.replace("--filename -", "--filename - <<'END'") in dry.out or each in dry.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "--repo-url is missing"),
        (["--repo-url", "gpus"], "--repo-url 'gpus' is no address of a repository"),
        (
            ["--repo-url", "https://a:b@git.example.com/x"],
            "--repo-url holds a credential, which everybody who reads Applications would see",
        ),
        (
            ["--repo-url", 'https://x"'],
            "--repo-url 'https://x\"' is no address of a repository",
        ),
        ([*ARGUMENTS, "--path", "../x"], "--path '../x' is no folder of a repository"),
        ([*ARGUMENTS, "--revision", "a b"], "--revision 'a b' is no branch or tag"),
        ([*ARGUMENTS, "--manifest", "/nonexistent"], "--manifest /nonexistent can not be read"),
    ],
)
def test_what_is_written_wrongly_is_answered(bench: Bench, arguments: list[str], said: str) -> None:
    ran = bench.run("argocd", *arguments)
    assert (ran.code, ran.out, ran.calls) == (2, "", ())
    assert ran.err == f"argocd: {said}; argocd --help says more\n"


def test_a_cluster_that_is_no_kind_cluster_is_refused_unless_forced(installer: Bench) -> None:
    installer.set(context="prod")
    ran = installer.run("argocd", *ARGUMENTS)
    assert (ran.code, ran.changes) == (1, [])
    assert ran.err == (
        "argocd: context prod is no kind cluster's\n"
        "  next: name one: --context kind-NAME; --force if you mean this one\n"
    )
    forced = installer.run("argocd", *ARGUMENTS, "--force")
    assert forced.code == 0
    assert "kubectl --context prod " in forced.changes[-1]
