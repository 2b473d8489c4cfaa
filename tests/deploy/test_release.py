"""What a release is made of: one version, the workflows' rights and pins, the files beside it."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

import webhook
from tests.cli.shipped import POLICIES
from tests.cluster.binaries import Binaries
from tests.deploy import versions, workflow
from tests.deploy.test_base import BASE, CONTROLLER, SERVER
from tests.deploy.test_kustomize import build

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
CI, RELEASE = (ROOT / ".github" / "workflows" / f"{name}.yaml" for name in ("ci", "release"))
WORKFLOWS = (CI, RELEASE, *(ROOT / "deploy" / "policy-repository").glob(".github/workflows/*.yaml"))
VERSION = webhook.__version__
NAME, DIGEST = "ghcr.io/somebody/gpuclass", f"sha256:{'1' * 64}"

each_workflow = pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)


def read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return found


def texts() -> Iterator[tuple[str, str]]:
    """Give name and text of every file that may mention our version."""
    for path in versions.files():
        try:
            yield str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue


def test_every_mention_of_our_version_is_the_same() -> None:
    found = {name: versions.mentions(text) for name, text in texts()}
    assert {version for each in found.values() for _, version in each} == {VERSION}
    assert {"webhook/__init__.py", "Dockerfile", "deploy/chart/Chart.yaml"} <= {
        name for name, each in found.items() if each
    }


def test_no_mention_would_be_left_behind_by_the_next_version() -> None:
    ours = re.compile(rf"gpuclass.*(?<![\d.]){re.escape(VERSION)}(?![\d.])")
    for name, text in texts():
        known = {line for line, _ in versions.mentions(text)}
        said = {number for number, line in enumerate(text.splitlines(), 1) if ours.search(line)}
        assert said <= known, name


@pytest.mark.parametrize("given", ["", "1.2", "v1.2.3", "1.2.3-rc1"])
def test_what_is_no_version_is_refused(given: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert versions.main([given] if given else []) == 2
    expected = f"make version VERSION={given}: expected three numbers, 1.2.3\n"
    assert capsys.readouterr().err == expected


def test_another_version_is_set_everywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ("Dockerfile", "deploy/base/deployment.yaml", "deploy/chart/Chart.yaml")
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    monkeypatch.setattr(versions, "ROOT", tmp_path)
    monkeypatch.setattr(versions, "files", lambda: (tmp_path / name for name in names))
    assert versions.main(["7.8.9"]) == 0
    assert capsys.readouterr().out.split() == list(names)
    for name in names:
        text, was = ((root / name).read_text(encoding="utf-8") for root in (tmp_path, ROOT))
        assert text == was.replace(VERSION, "7.8.9")
        assert text != was


def uses(path: Path) -> list[tuple[str, str]]:
    """Give every action that a workflow uses, with its pin and what is said of it."""
    return re.findall(r"uses: ([\w/-]+)@(.*)", path.read_text(encoding="utf-8"))


def test_actions_are_pinned_by_commit_and_alike_everywhere() -> None:
    pins: dict[str, set[str]] = {}
    for path in WORKFLOWS:
        for name, pin in uses(path):
            assert re.fullmatch(r"[0-9a-f]{40} # v\d+\.\d+\.\d+", pin), name
            pins.setdefault(name, set()).add(pin)
    assert {name for name, each in pins.items() if len(each) > 1} == set()


@each_workflow
def test_a_workflow_may_read_and_no_more(path: Path) -> None:
    assert read(path)["permissions"] == {"contents": "read"}


@each_workflow
def test_nothing_from_outside_is_put_into_a_script(path: Path) -> None:
    assert list(workflow.steps(path))


@each_workflow
def test_a_checkout_keeps_no_credentials_and_every_job_ends(path: Path) -> None:
    for job in read(path)["jobs"].values():
        if "uses" in job:
            continue
        assert job["timeout-minutes"] <= 120
        for step in job["steps"]:
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] is False


def test_only_who_publishes_may_write() -> None:
    rights = {name: job.get("permissions") for name, job in read(RELEASE)["jobs"].items()}
    signed = {"packages": "write", "id-token": "write"}
    assert rights == {
        "ci": None,
        "version": None,
        "image": {"contents": "read", **signed},
        "files": None,
        "publish": {"contents": "write", **signed},
    }


def test_nothing_is_released_that_did_not_pass() -> None:
    jobs = read(RELEASE)["jobs"]
    assert jobs["ci"]["uses"] == f"./{CI.relative_to(ROOT)}"
    needs = {name: set(job.get("needs", ())) for name, job in jobs.items()}
    assert needs == {
        "ci": set(),
        "version": set(),
        "image": {"ci", "version"},
        "files": {"version", "image"},
        "publish": {"version", "files"},
    }
    assert 'on:\n  push:\n    tags: ["v[0-9]+.[0-9]+.[0-9]+"]\n\n' in RELEASE.read_text("utf-8")


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give what the version step reads, with a changelog of this version."""
    folder = tmp_path_factory.mktemp("checkout")
    shutil.copytree(ROOT / ".ci", folder / ".ci")
    (folder / "webhook").mkdir()
    shutil.copy(ROOT / "webhook" / "__init__.py", folder / "webhook")
    (folder / "CHANGELOG.md").write_text(
        f"# Changelog\n\n## [Unreleased]\n\n- later\n\n## [{VERSION}] - 2026-12-01\n\n"
        "### Added\n\n- all of it\n\n## [0.0.1]\n\n- before\n",
        encoding="utf-8",
    )
    return folder


def name_it(checkout: Path, tag: str) -> tuple[int, str, str]:
    """Run the step that looks at the tag; give its exit code, what it says, and its outputs."""
    step = next(iter(workflow.steps(RELEASE)))
    outputs = checkout / "outputs"
    outputs.write_text("", encoding="utf-8")
    code, text = step.run(
        checkout,
        {
            "PATH": os.defpath,
            "GITHUB_REF_NAME": tag,
            "GITHUB_REPOSITORY_OWNER": "Some-Body",
            "GITHUB_OUTPUT": str(outputs),
        },
    )
    return code, text, outputs.read_text(encoding="utf-8")


def test_a_tag_of_this_version_is_released_under_its_owners_name(checkout: Path) -> None:
    assert name_it(checkout, f"v{VERSION}") == (
        0,
        "\n### Added\n\n- all of it\n",
        f"version={VERSION}\nimage=ghcr.io/some-body/gpuclass\ncharts=ghcr.io/some-body/charts\n",
    )


def test_a_tag_of_another_version_is_not_released(checkout: Path) -> None:
    assert name_it(checkout, "v7.8.9") == (
        1,
        f"::error file=webhook/__init__.py::the tag is v7.8.9, the program v{VERSION}: "
        "make version VERSION=7.8.9, and tag that commit\n",
        "",
    )


def test_a_version_that_the_changelog_does_not_know_is_not_released(checkout: Path) -> None:
    done = subprocess.run(
        [".ci/notes", "7.8.9"], cwd=checkout, capture_output=True, encoding="utf-8", check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (
        1,
        "",
        "CHANGELOG.md: there is no section ## [7.8.9]: name the one of what is unreleased so, "
        "and commit it\n",
    )


def base_of(checkout: Path, named: str, says: str) -> tuple[int, str, str]:
    """Run .ci/base where the Dockerfile names a base, and a registry says something."""
    docker = checkout / "docker"
    docker.write_text(f'#!/bin/sh\necho "$*" >>asked\n{says}\n', encoding="utf-8")
    docker.chmod(0o755)
    (checkout / "Dockerfile").write_text(f"# x\nARG BASE={named}\nFROM ${{BASE}}\n", "utf-8")
    done = subprocess.run(
        [".ci/base"],
        cwd=checkout,
        env={"PATH": os.defpath, "DOCKER": str(docker)},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def test_an_image_begins_from_the_digest_that_its_base_has(checkout: Path) -> None:
    expected = (0, f"base=python:3.11-slim@{DIGEST}\n", "")
    assert base_of(checkout, "python:3.11-slim", f"echo {DIGEST}") == expected
    asked = (checkout / "asked").read_text(encoding="utf-8")
    assert asked == "buildx imagetools inspect python:3.11-slim --format {{.Manifest.Digest}}\n"
    assert base_of(checkout, f"python:3.11-slim@{DIGEST}", "exit 1") == expected


@pytest.mark.parametrize("says", ["echo", "echo latest", "exit 1"])
def test_an_image_whose_base_is_not_known_is_not_released(checkout: Path, says: str) -> None:
    code, out, _ = base_of(checkout, "python:3.11-slim", says)
    assert (code, out) == (1, "")


def test_the_image_of_a_release_is_built_from_that_digest_and_dated_as_its_commit() -> None:
    (build,) = (
        each
        for each in read(RELEASE)["jobs"]["image"]["steps"]
        if each.get("uses", "").startswith("docker/build-push-action@")
    )
    assert build["with"]["build-args"] == "BASE=${{ steps.base.outputs.base }}"
    assert build["with"]["outputs"] == "type=registry,rewrite-timestamp=true"
    assert build["env"] == {"SOURCE_DATE_EPOCH": "${{ steps.commit.outputs.time }}"}


@pytest.fixture(scope="module")
def dist(helm: Path, binaries: Binaries, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the files of a release."""
    folder = tmp_path_factory.mktemp("release") / "dist"
    programs = {"HELM": str(helm), "KUBECTL": str(binaries.kubectl)}
    command = [str(ROOT / ".ci" / "dist"), f"{NAME}@{DIGEST}", str(folder)]
    subprocess.run(command, env={**os.environ, **programs}, check=True)
    return folder


@pytest.mark.cluster
def test_a_release_has_its_files_and_their_checksums(dist: Path) -> None:
    sums = (dist / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    names = {each.partition("  ")[2]: each.partition("  ")[0] for each in sums}
    assert set(names) == {
        "gpuclass.cdx.json",
        "gpuclass.yaml",
        "policies.yaml",
        f"gpuclass-{VERSION}.tgz",
        f"gpuclass-{VERSION}-py3-none-any.whl",
    }
    assert {each.name for each in dist.iterdir()} == {*names, "SHA256SUMS"}
    for name, digest in names.items():
        assert hashlib.sha256((dist / name).read_bytes()).hexdigest() == digest


@pytest.mark.cluster
def test_manifests_and_chart_name_the_image_of_the_release(
    dist: Path, binaries: Binaries, helm: Path
) -> None:
    image = f"{NAME}:{VERSION}@{DIGEST}"
    expected = build(binaries, BASE)
    for name in (SERVER, CONTROLLER):
        expected["Deployment", name]["spec"]["template"]["spec"]["containers"][0]["image"] = image
    assert objects((dist / "gpuclass.yaml").read_text(encoding="utf-8")) == expected
    assert objects((dist / "policies.yaml").read_text("utf-8")) == build(binaries, POLICIES)
    command = [str(helm), "template", "gpuclass", str(dist / f"gpuclass-{VERSION}.tgz")]
    rendered = subprocess.run(command, capture_output=True, encoding="utf-8", check=True).stdout
    assert rendered.count(f"image: {image}\n") == 2


def objects(text: str) -> dict[tuple[str, str], Any]:
    documents = [each for each in yaml.safe_load_all(text) if each]
    return {(each["kind"], each["metadata"]["name"]): each for each in documents}


@pytest.mark.cluster
def test_the_chart_is_packed_without_what_is_not_its_own(dist: Path) -> None:
    with tarfile.open(dist / f"gpuclass-{VERSION}.tgz") as chart:
        names = {each.removeprefix("gpuclass/") for each in chart.getnames()}
    assert {"Chart.yaml", "values.yaml", "values.schema.json", "templates/NOTES.txt"} <= names
    assert {"templates/crds/gpunodes.yaml", "templates/deployment.yaml"} <= names
    assert "README.md" not in names


@pytest.mark.cluster
def test_files_of_a_release_are_not_written_over(dist: Path) -> None:
    done = subprocess.run(
        [str(ROOT / ".ci" / "dist"), NAME, str(dist)],
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert (done.returncode, done.stderr) == (
        1,
        f"{dist}: is there already: take it away, or name a folder that is not\n",
    )


@each_workflow
def test_actionlint_finds_nothing(actionlint: Path, path: Path) -> None:
    """With shellcheck on its PATH it looks into the scripts too."""
    command = [str(actionlint), "-shellcheck", str(BIN / "shellcheck"), "-pyflakes=", str(path)]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_actionlint_would_find_a_script_that_does_not_quote(
    actionlint: Path, tmp_path: Path
) -> None:
    spoilt = tmp_path / "release.yaml"
    spoilt.write_text(
        RELEASE.read_text(encoding="utf-8").replace('make dist IMAGE="$IMAGE"', "make $IMAGE")
    )
    command = [str(actionlint), "-shellcheck", str(BIN / "shellcheck"), "-pyflakes=", str(spoilt)]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 1
    assert "SC2086" in done.stdout
