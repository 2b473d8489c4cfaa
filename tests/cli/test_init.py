"""`gpuclass init`: what is put into the tree, and that nothing is written half."""

import os
import re
from pathlib import Path, PurePosixPath

import pytest
import yaml

import webhook
from webhook.cli import init, tree
from webhook.cli.main import main

URL = "https://git.example.com/team/ours.git"
KUBERNETES = tree.KUBERNETES


def run(folder: Path, *flags: str, url: str = URL) -> int:
    return main(["init", str(folder), "--repo-url", url, *flags])


def written(folder: Path) -> dict[str, str]:
    """Give the text of every file by its path."""
    return {
        str(path.relative_to(folder)): path.read_text(encoding="utf-8")
        for path in folder.rglob("*")
        if path.is_file()
    }


def site_of(folder: Path) -> dict[str, str]:
    """Give what is the user's own, as the tree has it in one place."""
    text = (folder / tree.APPLICATIONS / "site.yaml").read_text(encoding="utf-8")
    found: dict[str, str] = yaml.safe_load(text)["data"]
    return found


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Give the files of a tree without flags."""
    folder = tmp_path_factory.mktemp("made") / "gpus"
    assert run(folder) == 0
    return written(folder)


def test_every_part_of_the_tree_is_shipped() -> None:
    sources = {str(each) for each in init.shipped()}
    for name in tree.PLACES:
        assert any(each == name or each.startswith(f"{name}/") for each in sources), name


def test_what_is_shipped_are_links_to_the_only_copy() -> None:
    root = Path(webhook.__file__).parents[1]
    for name in tree.PLACES:
        assert (init.SHIPPED / name).is_symlink()
        assert (init.SHIPPED / name).resolve() == root / name
    links = {path for path in init.SHIPPED.rglob("*") if path.is_symlink()}
    assert {str(path.relative_to(init.SHIPPED)) for path in links} == set(tree.PLACES)


def test_the_policies_are_as_shipped(made: dict[str, str]) -> None:
    sources = {str(path): text for path, text in init.shipped().items()}
    policies = {path: text for path, text in made.items() if path.startswith("policies/")}
    assert policies == {path: sources[path] for path in policies}
    assert "policies/cases/class-training.yaml" in policies


def test_nothing_of_ours_is_left(made: dict[str, str]) -> None:
    for path, text in made.items():
        assert "git.example.com/platform" not in text, path
        assert not re.search(r"\bpath: deploy/", text), path


def test_every_path_that_an_application_syncs_is_there(made: dict[str, str]) -> None:
    for path, text in made.items():
        if not path.startswith(KUBERNETES) or "kind: Application\n" not in text:
            continue
        for each in yaml.safe_load_all(text):
            source = each["spec"].get("source", {})
            if "path" in source:
                assert f"{source['path']}/kustomization.yaml" in made, path


def test_what_kustomizations_name_elsewhere_is_there(made: dict[str, str]) -> None:
    found = 0
    for path, text in made.items():
        if not path.endswith("kustomization.yaml"):
            continue
        here = PurePosixPath(path).parent
        for each in yaml.safe_load(text).get("resources", []):
            named = os.path.normpath(here / each)
            assert named in made or f"{named}/kustomization.yaml" in made, (path, each)
            found += each.startswith("../")
    assert found >= 3


def test_what_is_the_users_own_is_put_in(tmp_path: Path) -> None:
    url, image = "git@git.example.com:team/ours.git", "registry.example.com:5000/a/gpuclass"
    package = "gpuclass @ https://example.com/gpuclass-0.1.0-py3-none-any.whl"
    flags = ("--revision", "production", "--image", image, "--package", package)
    assert run(tmp_path / "gpus", *flags, url=url) == 0
    assert site_of(tmp_path / "gpus") == {
        "repoURL": url,
        "revision": "production",
        "image": f"gpuclass={image}:{webhook.__version__}",
    }
    files = written(tmp_path / "gpus")
    project, root = yaml.safe_load_all(files[tree.ROOT])
    assert project["spec"]["sourceRepos"] == [url]
    source = root["spec"]["source"]
    assert (source["repoURL"], source["targetRevision"]) == (url, "production")
    assert source["path"] == tree.APPLICATIONS
    workflow = yaml.safe_load(files[".github/workflows/policies.yaml"])
    assert workflow["env"]["GPUCLASS"] == package
    assert workflow["env"]["WORKLOADS"] == f"{KUBERNETES}/workloads"
    assert workflow[True]["push"]["branches"] == ["production"]
    (hooks,) = yaml.safe_load(files[".pre-commit-config.yaml"])["repos"]
    assert {tuple(each["additional_dependencies"]) for each in hooks["hooks"]} == {(package,)}
    assert hooks["hooks"][-1]["files"] == f"^{KUBERNETES}/workloads/"


@pytest.mark.parametrize(
    ("url", "web"),
    [
        ("https://git.example.com/team/ours.git", "https://git.example.com/team/ours"),
        ("https://git.example.com/team/ours/", "https://git.example.com/team/ours"),
        ("git@git.example.com:team/ours.git", "https://git.example.com/team/ours"),
        ("ssh://git@git.example.com/team/ours", "https://git.example.com/team/ours"),
        ("ssh://git@git.example.com:2222/team/ours", "https://git.example.com/team/ours"),
    ],
)
def test_an_alert_leads_to_its_page_in_the_tree(tmp_path: Path, url: str, web: str) -> None:
    assert run(tmp_path / "gpus", "--revision", "prod", url=url) == 0
    files = written(tmp_path / "gpus")
    rules = (text for path, text in files.items() if path.endswith(".yaml"))
    pages = {each for text in rules for each in re.findall(r"runbook_url: \"?([^\s\"]+)", text)}
    assert pages
    assert {each.removeprefix(f"{web}/blob/prod/") for each in pages} <= files.keys()


def test_links_of_pages_lead_to_pages_of_the_tree(made: dict[str, str]) -> None:
    pages = {path: text for path, text in made.items() if path.endswith(".md")}
    assert {"README.md", "runbooks/GpuclassDown.md"} <= pages.keys()
    for path, text in pages.items():
        for link in re.findall(r"\]\(((?!https?:)[^)#]+)", text):
            assert os.path.normpath(PurePosixPath(path).parent / link) in made, (path, link)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ((), f"gpuclass:{webhook.__version__}"),
        (("--image", "r.example.com/g:1"), "r.example.com/g:1"),
        (("--image", f"r/g@sha256:{'a' * 64}"), f"r/g@sha256:{'a' * 64}"),
        (("--image", "localhost:5000/g"), f"localhost:5000/g:{webhook.__version__}"),
    ],
)
def test_an_image_without_a_tag_is_of_this_version(
    tmp_path: Path, given: tuple[str, ...], expected: str
) -> None:
    assert run(tmp_path / "gpus", *given) == 0
    assert site_of(tmp_path / "gpus")["image"] == f"gpuclass={expected}"


@pytest.mark.parametrize("name", tree.OPTIONAL)
def test_an_application_can_be_left_out(tmp_path: Path, made: dict[str, str], name: str) -> None:
    assert run(tmp_path / "less", "--without", name) == 0
    less = written(tmp_path / "less")
    gone = {
        path
        for path in made
        if path == f"{tree.APPLICATIONS}/{name}.yaml" or path.startswith(f"{KUBERNETES}/{name}/")
    }
    assert gone
    assert made.keys() - less.keys() == gone
    changed = {path for path in less if less[path] != made[path]}
    assert changed == {f"{tree.APPLICATIONS}/kustomization.yaml"}
    listed = yaml.safe_load(less[f"{tree.APPLICATIONS}/kustomization.yaml"])["resources"]
    assert f"{name}.yaml" not in listed


def test_it_says_what_it_wrote_and_what_comes_next(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "my gpus"
    assert run(folder, "--revision", "prod") == 0
    lines = capsys.readouterr().out.splitlines()
    count = len(written(folder))
    assert lines[0] == f"wrote {count} files to {folder}; README.md says how to change them"
    assert lines[lines.index("next:") + 1 :] == [
        f"  git -C '{folder}' init -b prod && git -C '{folder}' add . && "
        f"git -C '{folder}' commit -m 'GPU nodes from Git'",
        f"  git -C '{folder}' remote add origin {URL} && git -C '{folder}' push -u origin prod",
        f"  kubectl apply --server-side -f '{folder}/{tree.ROOT}'  # where Argo CD is",
        f"  deploy/bootstrap/argocd --repo-url {URL} --path {tree.APPLICATIONS} --revision prod"
        "  # where it is not: a script of gpuclass's repository",
    ]


def test_a_dry_run_names_what_would_be_written_and_writes_nothing(
    tmp_path: Path, made: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    folder = tmp_path / "other"
    assert run(folder, "--dry-run") == 0
    first, *lines = capsys.readouterr().out.splitlines()
    assert first == f"would write {len(made)} files to {folder}:"
    assert {line.strip() for line in lines} == made.keys()
    assert not folder.exists()


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        (
            {"url": "ours"},
            "--repo-url 'ours': expected the address of a repository, "
            "https://git.example.com/platform/gpus.git",
        ),
        (
            {"url": "https://a\nb"},
            r"--repo-url 'https://a\nb': expected the address of a repository, "
            "https://git.example.com/platform/gpus.git",
        ),
        (
            {"url": "https://u:secret@git.example.com/ours.git"},
            "--repo-url holds a credential, which everybody who reads Applications would see: "
            "leave it out, and give Argo CD a Secret that has it",
        ),
        ({"--revision": "a..b"}, "--revision 'a..b': expected a branch or tag, main"),
        ({"--revision": "-f"}, "--revision '-f': expected a branch or tag, main"),
        (
            {"--image": "Gpus"},
            "--image 'Gpus': expected the name of an image, registry.example.com/gpuclass",
        ),
        (
            {"--package": "-r x"},
            f"--package '-r x': expected what pip installs, gpuclass=={webhook.__version__}",
        ),
    ],
)
def test_what_can_not_be_put_in_is_refused(
    tmp_path: Path,
    flags: dict[str, str],
    expected: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    url = flags.pop("url", URL)
    code = run(tmp_path / "gpus", *(f"{key}={each}" for key, each in flags.items()), url=url)
    assert (code, capsys.readouterr().err) == (2, f"{expected}\n")
    assert list(tmp_path.iterdir()) == []


def test_an_occupied_place_is_refused_and_left_as_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, file, link = tmp_path / "folder", tmp_path / "file", tmp_path / "link"
    folder.mkdir()
    file.write_text("mine", encoding="utf-8")
    link.symlink_to("nowhere")
    for each in (folder, file, link):
        assert run(each) == 2
        assert capsys.readouterr().err == (
            f"{each}: is there already: name a folder that is not, and take over what you want\n"
        )
    assert sorted(tmp_path.iterdir()) == [file, folder, link]
    assert list(folder.iterdir()) == []


def test_a_folder_of_a_folder_that_is_missing_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "missing" / "gpus"
    assert run(folder) == 2
    expected = f"{folder}: there is no folder {folder.parent}: make it first\n"
    assert capsys.readouterr().err == expected


def test_what_can_not_be_finished_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(_path: Path, _text: str, encoding: str) -> int:
        raise OSError(28, "No space left on device", encoding)

    monkeypatch.setattr(Path, "write_text", full)
    assert run(tmp_path / "gpus") == 2
    expected = f"{tmp_path / 'gpus'}: can not be written: No space left on device\n"
    assert capsys.readouterr().err == expected
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_has_no_place_for_what_is_put_in_is_our_fault() -> None:
    site = tree.Site(repo_url=URL, revision="main", image="g:1", package="gpuclass")
    with pytest.raises(LookupError) as failure:
        tree.plan({PurePosixPath("deploy/argocd/site.yaml"): "data: {}\n"}, site)
    place = f"{tree.APPLICATIONS}/site.yaml"
    assert str(failure.value) == rf"{place} has no (?m)(^  repoURL: ).*"
    with pytest.raises(LookupError) as failure:
        tree.plan({PurePosixPath("tests/x.py"): ""}, site)
    assert str(failure.value) == "tests/x.py has no place in the repository"
