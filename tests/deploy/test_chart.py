"""deploy/chart: made from deploy/base, and rendered equal to it by a real Helm (`make helm`).

What needs no Helm is asked always: that templates and defaults are those of the base.
"""

import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

import webhook
from tests.cluster.binaries import Binaries
from tests.deploy import chart
from tests.deploy.chart import CERT_MANAGER, CHART, KEPT, PUTS, TEMPLATES, Put
from tests.deploy.test_base import BASE, CONTROLLER, SERVER, Json
from tests.deploy.test_kustomize import build
from webhook.core import registration

VALUES: Json = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
SCHEMA: Json = json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))
Objects = Mapping[tuple[str, str], Json]


def default(path: str) -> object:
    """Give the value at a dotted path of values.yaml."""
    found: Any = VALUES
    for step in path.split("."):
        found = found[step]
    return found


def test_the_templates_are_made_from_the_base() -> None:
    """`make chart` writes them anew."""
    made = {str(path): text for path, text in chart.templates()}
    there = {
        str(path.relative_to(TEMPLATES)): path.read_text(encoding="utf-8")
        for path in TEMPLATES.rglob("*.yaml")
    }
    assert there == made


@pytest.mark.parametrize("put", PUTS, ids=lambda put: f"{put.name}-{put.value}")
def test_a_value_that_nobody_sets_is_what_the_base_has(put: Put) -> None:
    assert chart.defaults(put) == [default(put.value)]


def test_switches_are_as_the_base_is() -> None:
    on = {value for value in chart.GUARDS.values() if default(value)}
    assert on == {"crds.install", "networkPolicy.enabled"}


def test_a_field_that_the_base_lost_is_named() -> None:
    text = (BASE / "deployment.yaml").read_text(encoding="utf-8").replace("  replicas: 2\n", "")
    with pytest.raises(LookupError) as failure:
        chart.template(text)
    assert str(failure.value) == ("spec.replicas: is not in the document that begins in line 1")


def keys(value: object, path: str = "") -> Iterator[str]:
    """Give the dotted path of every value; a list, or a map that may be empty, is one."""
    if isinstance(value, dict) and value and path.rpartition(".")[2] not in {"requests", "limits"}:
        for key, inner in value.items():
            yield from keys(inner, f"{path}.{key}".lstrip("."))
    else:
        yield path


def known(schema: Json, path: str = "") -> Iterator[str]:
    """Give the dotted path of every value that the schema knows."""
    schema = SCHEMA["$defs"].get(schema.get("$ref", "").rpartition("/")[2], schema)
    if "properties" not in schema:
        yield path
    for key, inner in schema.get("properties", {}).items():
        yield from known(inner, f"{path}.{key}".lstrip("."))


def test_the_schema_knows_every_value_and_no_other() -> None:
    """`global` is Helm's own: a chart that has this one as a part sets it."""
    assert set(known(SCHEMA)) - {"global"} == set(keys(VALUES))


def test_the_versions_of_the_chart_are_that_of_the_program() -> None:
    found = yaml.safe_load((CHART / "Chart.yaml").read_text(encoding="utf-8"))
    assert (found["version"], found["appVersion"]) == (webhook.__version__, webhook.__version__)


def run(helm: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(helm), *arguments]
    return subprocess.run(command, capture_output=True, encoding="utf-8", check=False)


def render(helm: Path, *flags: str, namespace: str = registration.NAMESPACE) -> Objects:
    """Give every object that the chart makes, by kind and name."""
    answer = run(helm, "template", "gpuclass", str(CHART), "--namespace", namespace, *flags)
    assert (answer.returncode, answer.stderr) == (0, "")
    found = [each for each in yaml.safe_load_all(answer.stdout) if each]
    made = {(each["kind"], each["metadata"]["name"]): each for each in found}
    assert len(made) == len(found)
    return made


def refusal(helm: Path, *flags: str) -> list[str]:
    """Give the lines about what is wrong with values."""
    answer = run(helm, "template", "gpuclass", str(CHART), *flags)
    assert answer.returncode == 1
    return re.findall(r"(?m)^- (.*)$", answer.stderr)


def without_helms(objects: Objects) -> Objects:
    """Take away the annotation that is Helm's alone."""
    for each in objects.values():
        if each["kind"] == "CustomResourceDefinition":
            annotations = each["metadata"]["annotations"]
            assert {key: annotations.pop(key) for key in KEPT} == KEPT
    return objects


@pytest.mark.cluster
@pytest.mark.parametrize(
    ("folder", "flags"),
    [
        pytest.param(BASE, (), id="the base"),
        pytest.param(CERT_MANAGER, ("--set=certManager.enabled=true",), id="cert-manager"),
    ],
)
def test_what_is_rendered_is_what_kustomize_builds(
    helm: Path, binaries: Binaries, folder: Path, flags: tuple[str, ...]
) -> None:
    rendered = render(helm, "--set=namespace.create=true", *flags)
    assert without_helms(rendered) == build(binaries, folder)


@pytest.mark.cluster
def test_a_component_is_a_switch(helm: Path, binaries: Binaries, tmp_path: Path) -> None:
    (tmp_path / "deploy").symlink_to(BASE.parent)
    text = "resources: [deploy/base]\ncomponents: [deploy/client-certificates]\n"
    (tmp_path / "kustomization.yaml").write_text(text, encoding="utf-8")
    flags = ("--set=namespace.create=true", "--set=clientCertificates.enabled=true")
    assert without_helms(render(helm, *flags)) == build(binaries, tmp_path)


def test_an_overlay_that_does_more_than_add_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    patch = "- {op: remove, path: /spec/replicas}"
    overlay = {"patches": [{"target": {"kind": "Deployment", "name": "gpuclass"}, "patch": patch}]}
    (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump(overlay), encoding="utf-8")
    monkeypatch.setattr(chart, "SWITCHED", {"x.enabled": tmp_path})
    with pytest.raises(ValueError, match="a chart has no way to remove /spec/replicas"):
        list(chart.patches())


def test_what_a_switch_turns_off_is_all_that_is_missing(helm: Path) -> None:
    whole = render(helm, "--set=namespace.create=true")
    off = ("--set=crds.install=false", "--set=networkPolicy.enabled=false")
    assert {kind for kind, _ in whole.keys() - render(helm, *off).keys()} == {
        "CustomResourceDefinition",
        "Namespace",
        "NetworkPolicy",
    }


def test_helm_finds_no_fault_in_the_chart(helm: Path) -> None:
    answer = run(helm, "lint", "--strict", "--quiet", str(CHART))
    assert (answer.returncode, answer.stdout + answer.stderr) == (0, "")


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        (
            ("--set=server.replica=3",),
            ["at '/server': additional properties 'replica' not allowed"],
        ),
        (("--set=replicas=3",), ["at '': additional properties 'replicas' not allowed"]),
        (("--set=controller.replicas=1",), ["at '/controller/replicas': minimum: got 1, want 2"]),
        (
            ("--set=failurePolicy=Ignore",),
            ["at '': additional properties 'failurePolicy' not allowed"],
        ),
        (
            ("--set=image.digest=sha256:12", "--set=image.pullPolicy=never"),
            [
                "at '/image/digest': 'sha256:12' does not match pattern '^(sha256:[0-9a-f]{64})?$'",
                "at '/image/pullPolicy': value must be one of 'Always', 'IfNotPresent', 'Never'",
            ],
        ),
    ],
)
def test_values_that_are_wrong_are_refused_with_their_place(
    helm: Path, flags: tuple[str, ...], expected: list[str]
) -> None:
    assert sorted(refusal(helm, *flags)) == expected


def test_values_reach_what_they_are_about(helm: Path) -> None:
    digest = f"sha256:{'0' * 64}"
    values = {
        "image": {"repository": "registry.example.com:5000/gpuclass", "digest": digest},
        "imagePullSecrets": [{"name": "registry"}],
        "server": {"replicas": 5, "args": ["--log-level=debug"]},
        "controller": {"resources": {"limits": {"memory": "1Gi"}}},
        "priorityClassName": "ours",
        "nodeExpressions": [{"key": "role", "operator": "In", "values": ["infra"]}],
        "nodeSelector": {"role": "infra"},
        "tolerations": [{"key": "role", "operator": "Exists"}],
    }
    found = render(helm, *(f"--set-json={key}={json.dumps(each)}" for key, each in values.items()))
    usual = render(helm)
    for name in (SERVER, CONTROLLER):
        pod = found["Deployment", name]["spec"]["template"]["spec"]
        for field in ("imagePullSecrets", "nodeSelector", "tolerations", "priorityClassName"):
            assert pod[field] == values[field]
        (term,) = pod["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"][
            "nodeSelectorTerms"
        ]
        assert term == {"matchExpressions": values["nodeExpressions"]}
        image = f"registry.example.com:5000/gpuclass:{webhook.__version__}@{digest}"
        assert pod["containers"][0]["image"] == image
    assert found["Deployment", SERVER]["spec"]["replicas"] == 5
    assert arguments(found, SERVER) == [*arguments(usual, SERVER), "--log-level=debug"]
    container = found["Deployment", CONTROLLER]["spec"]["template"]["spec"]["containers"][0]
    assert container["resources"] == {
        "requests": VALUES["controller"]["resources"]["requests"],
        "limits": {"memory": "1Gi"},
    }
    (scope,) = found["ResourceQuota", "gpuclass-critical-pods"]["spec"]["scopeSelector"][
        "matchExpressions"
    ]
    assert scope["values"] == ["ours"]


def arguments(objects: Objects, name: str) -> list[str]:
    found: list[str] = objects["Deployment", name]["spec"]["template"]["spec"]["containers"][0][
        "args"
    ]
    return found


def test_in_a_namespace_of_ones_own_nothing_names_ours(helm: Path) -> None:
    flags = ("--set=namespace.create=true", "--set=certManager.enabled=true")
    found = render(helm, *flags, namespace="elsewhere")
    assert registration.NAMESPACE not in json.dumps(list(found.values()))
    spaces = {each["metadata"].get("namespace") for each in found.values()}
    assert spaces == {None, "default", "elsewhere"}
    hosts = registration.Service(namespace="elsewhere").hosts
    assert found["Certificate", "gpuclass"]["spec"]["dnsNames"] == list(hosts)
