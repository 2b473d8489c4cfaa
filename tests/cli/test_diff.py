"""`gpuclass diff` as people, programs and GitHub see it, on the shipped policies and cases."""

import io
import json
import shutil
import sys
from pathlib import Path

import pytest

from tests.cli.shipped import POLICIES
from webhook.cli.main import main

WORKLOADS = """\
apiVersion: batch/v1
kind: Job
metadata: {name: fit, namespace: team-red, annotations: {gpu-class: training}}
spec:
  template:
    spec:
      containers: [{name: c, image: i, resources: {limits: {nvidia.com/gpu: 1}}}]
---
apiVersion: v1
kind: Pod
metadata:
  name: web
  namespace: lab
  annotations:
    gpu-class: production
spec:
  containers: [{name: c, image: i, resources: {limits: {nvidia.com/gpu: 1}}}]
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: neither}}
---
{apiVersion: v1, kind: Pod, metadata: {name: plain}}
---
{apiVersion: v1, kind: Pod, metadata: {name: aims}, spec: {nodeSelector: {gpu-type: training}}}
"""
EDITS = {
    "classes/training.yaml": ("    - {name: development, weight: 100}\n", ""),
    "classes/production.yaml": ("placement: Required", 'allowedNamespaces: ["team-*"]'),
    "policy.yaml": ("onTarget: Deny", "onTarget: Warn"),
}
POLICY_LINES = [
    "GPUClass production: allowedNamespaces -* +team-*",
    "GPUClass training: pools -{name: development}",
    "GPUPolicy cluster: cpuPods.onTarget Deny -> Warn",
]
REFUSAL = (
    'metadata.annotations["gpu-class"]: class production is not for namespace lab; its'
    " allowedNamespaces: team-*. Name another class, or have the namespace added"
)
AIMS = (
    'spec.nodeSelector["gpu-type"]: gpu-type=training selects nodes of pool training, '
    "but the pod asks for no GPU; drop it, ask for a GPU, or have its namespace exempted "
    "(GPUPolicy spec.exempt)"
)
SUMMARY = "4 workloads: 3 change (1 newly refused, 1 no longer refused), 1 unchanged"


class Diff:
    """Runs the command, and gives exit code, answer and complaints."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.capsys = capsys

    def __call__(self, *arguments: str) -> tuple[int, list[str], list[str]]:
        """Compare the folders old/ and new/."""
        code = main(["diff", "old", "new", *arguments])
        captured = self.capsys.readouterr()
        return code, captured.out.splitlines(), captured.err.splitlines()


@pytest.fixture
def diff(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Diff:
    """Give the shipped policies twice, and workloads."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")
    for name in ("old", "new"):
        shutil.copytree(POLICIES, name)
    Path("w.yaml").write_text(WORKLOADS)
    return Diff(capsys)


@pytest.fixture
def edited(diff: Diff) -> Diff:
    """Narrow two classes, and let aims of CPU pods be warnings."""
    for name, edit in EDITS.items():
        replace(f"new/{name}", *edit)
    return diff


def replace(name: str, old: str, new: str) -> None:
    """Edit a file."""
    text = Path(name).read_text()
    assert old in text
    Path(name).write_text(text.replace(old, new))


def change(field: str, old: list[str], new: list[str]) -> dict[str, object]:
    """Give a change of a workload with one template, as JSON."""
    return {"path": "", "field": field, "old": old, "new": new}


def test_the_shipped_cases_are_the_same_under_the_same_policies(diff: Diff) -> None:
    code, out, err = diff()
    assert (code, err) == (0, [])
    assert out[:2] == ["the policies say the same", ""]
    (summary,) = out[2:]
    count = summary.partition(" ")[0]
    assert int(count) > 50
    assert summary == f"{count} workloads: 0 change, {count} unchanged"


def test_people_see_what_changes_and_how_much_does_not(edited: Diff) -> None:
    code, out, err = edited("--workloads", "w.yaml")
    assert (code, err) == (1, [])
    assert out == [
        *POLICY_LINES,
        "",
        "w.yaml:1: Job team-red/fit: inject: class training, from its annotation gpu-class",
        "  pools        - development",
        "  nodes        - nvidia.com/gpu.present=true",
        "               + nvidia.com/gpu.present=true,gpu-type=training",
        "  preferred    - 100: gpu-type in (development,training)",
        "  tolerations  - gpu-type=development:NoSchedule",
        "",
        "w.yaml:9: Pod lab/web: inject -> deny: asks for a GPU, but gets no class",
        f"  violations   + {REFUSAL} (rule class)",
        "",
        "w.yaml:23: Pod default/aims: deny -> allow: asks for no GPU",
        f"  violations   - {AIMS} (rule cpu-target)",
        f"  warnings     + {AIMS}",
        "",
        SUMMARY,
    ]


def test_programs_see_one_entry_a_changed_workload(edited: Diff) -> None:
    code, out, err = edited("--workloads", "w.yaml", "-o", "json")
    assert (code, err) == (1, [])
    fit, web, aims = json.loads("\n".join(out))
    assert fit == {
        "source": "w.yaml",
        "index": 0,
        "line": 1,
        "apiVersion": "batch/v1",
        "kind": "Job",
        "namespace": "team-red",
        "name": "fit",
        "verdict": {"old": "inject", "new": "inject"},
        "reason": {
            "old": "class training, from its annotation gpu-class",
            "new": "class training, from its annotation gpu-class",
        },
        "changes": [
            change("pools", ["development", "training"], ["training"]),
            change(
                "nodes",
                ["nvidia.com/gpu.present=true"],
                ["nvidia.com/gpu.present=true,gpu-type=training"],
            ),
            change("preferred", ["100: gpu-type in (development,training)"], []),
            change(
                "tolerations",
                [
                    "gpu-type=development:NoSchedule",
                    "gpu-type=training:NoSchedule",
                    "nvidia.com/gpu=present:NoSchedule",
                ],
                ["gpu-type=training:NoSchedule", "nvidia.com/gpu=present:NoSchedule"],
            ),
        ],
    }
    assert (web["index"], web["verdict"]) == (1, {"old": "inject", "new": "deny"})
    assert web["changes"] == [change("violations", [], [f"{REFUSAL} (rule class)"])]
    assert (aims["index"], aims["verdict"]) == (4, {"old": "deny", "new": "allow"})


def test_github_sees_new_refusals_as_errors_and_the_rest_as_less(edited: Diff) -> None:
    code, out, err = edited("--workloads", "w.yaml", "-o", "github")
    assert (code, err) == (1, [])
    production, training, cluster = POLICY_LINES
    assert out == [
        f"::notice file=new/classes/production.yaml,line=2,title=gpuclass policy::{production}",
        f"::notice file=new/classes/training.yaml,line=2,title=gpuclass policy::{training}",
        f"::notice file=new/policy.yaml,line=2,title=gpuclass policy::{cluster}",
        "::notice file=w.yaml,line=1,title=gpuclass change::Job team-red/fit: pools - development; "
        "nodes - nvidia.com/gpu.present=true, + nvidia.com/gpu.present=true,gpu-type=training; "
        "preferred - 100: gpu-type in (development,training); "
        "tolerations - gpu-type=development:NoSchedule",
        f"::error file=w.yaml,line=15,title=gpuclass class::Pod lab/web: newly refused: {REFUSAL}",
        "::warning file=w.yaml,line=23,title=gpuclass warning::Pod default/aims: new warning: "
        f"{AIMS}",
        "::notice file=w.yaml,line=23,title=gpuclass change::Pod default/aims: deny -> allow; "
        f"violations - {AIMS} (rule cpu-target)",
        SUMMARY,
    ]


def test_a_terminal_sees_colour(edited: Diff) -> None:
    _, out, _ = edited("--workloads", "w.yaml", "--color", "always")
    assert "  pools        \x1b[31m- development\x1b[0m" in out
    assert "               \x1b[32m+ nvidia.com/gpu.present=true,gpu-type=training\x1b[0m" in out
    verdicts = [line for line in out if line.startswith("w.yaml")]
    assert [line.split(": ")[2] for line in verdicts] == [
        "\x1b[1minject\x1b[0m",
        "\x1b[1;31minject -> deny\x1b[0m",
        "\x1b[1;32mdeny -> allow\x1b[0m",
    ]


def test_a_class_that_goes_takes_its_workloads_along(diff: Diff) -> None:
    Path("new/classes/production.yaml").unlink()
    code, out, _ = diff("--workloads", "w.yaml", "-o", "github")
    assert (code, out) == (
        1,
        [
            "::notice title=gpuclass policy::GPUClass production: removed",
            "::error file=w.yaml,line=15,title=gpuclass class::Pod lab/web: newly refused: "
            'metadata.annotations["gpu-class"]: there is no class "production". '
            "Classes: development, general, training",
            "4 workloads: 1 changes (1 newly refused), 3 unchanged",
        ],
    )


def test_a_scalar_is_shown_before_and_after(diff: Diff) -> None:
    replace("new/classes/training.yaml", "  priorityClassName: gpu-batch-priority\n", "")
    code, out, _ = diff("--workloads", "w.yaml")
    assert (code, out[3:]) == (
        1,
        [
            "  priority     gpu-batch-priority (50, Never) -> none",
            "",
            "4 workloads: 1 changes, 3 unchanged",
        ],
    )


SEVERAL = """\
apiVersion: kubeflow.org/v1
kind: PyTorchJob
metadata: {name: fit, namespace: team-red, annotations: {gpu-class: training}}
spec:
  pytorchReplicaSpecs:
    Master: {template: {spec: {containers: [{name: c, image: i}]}}}
    Worker:
      template:
        spec:
          containers: [{name: c, image: i, resources: {limits: {nvidia.com/gpu: 1}}}]
"""


def test_templates_are_compared_one_by_one_where_a_kind_has_several(diff: Diff) -> None:
    replace("new/classes/training.yaml", "gpu-batch-priority", "gpu-high-priority")
    replace("new/classes/training.yaml", "    - {name: development, weight: 100}\n", "")
    Path("several.yaml").write_text(SEVERAL)
    code, out, err = diff("--workloads", "several.yaml")
    priority = "gpu-batch-priority (50, Never) -> gpu-high-priority (1000000, PreemptLowerPriority)"
    assert (code, err, out[2:]) == (
        1,
        [],
        [
            "several.yaml:1: PyTorchJob team-red/fit: inject: class training, from its annotation"
            " gpu-class",
            "  spec.pytorchReplicaSpecs.Master.template",
            f"  priority     {priority}",
            "  spec.pytorchReplicaSpecs.Worker.template",
            "  pools        - development",
            "  nodes        - nvidia.com/gpu.present=true",
            "               + nvidia.com/gpu.present=true,gpu-type=training",
            "  preferred    - 100: gpu-type in (development,training)",
            "  tolerations  - gpu-type=development:NoSchedule",
            f"  priority     {priority}",
            "",
            "1 workload: 1 changes, 0 unchanged",
        ],
    )
    _, out, _ = diff("--workloads", "several.yaml", "-o", "github")
    assert out[1].startswith(
        "::notice file=several.yaml,line=1,title=gpuclass change::PyTorchJob team-red/fit: "
        f"spec.pytorchReplicaSpecs.Master.template: priority {priority}; "
        "spec.pytorchReplicaSpecs.Worker.template: pools - development; "
    )
    _, out, _ = diff("--workloads", "several.yaml", "-o", "json")
    paths = [each["path"] for each in json.loads("\n".join(out))[0]["changes"]]
    master, worker = (f"spec.pytorchReplicaSpecs.{each}.template" for each in ("Master", "Worker"))
    assert paths == [master, *[worker] * 5]


def test_a_kind_that_is_listed_no_more_is_governed_no_more(diff: Diff) -> None:
    text = Path("new/policy.yaml").read_text().splitlines(keepends=True)
    kept = (line for line in text if "kind: PyTorchJob" not in line)
    Path("new/policy.yaml").write_text("".join(kept))
    Path("several.yaml").write_text(SEVERAL)
    code, out, _ = diff("--workloads", "several.yaml")
    assert (code, out[0][: len("GPUPolicy cluster: workloads -{")]) == (
        1,
        "GPUPolicy cluster: workloads -{",
    )
    assert "kind: PyTorchJob" in out[0]
    assert "templates: [{path: spec.pytorchReplicaSpecs[*].template}]" in out[0]
    assert out[2:4] == [
        "several.yaml:1: PyTorchJob team-red/fit: inject -> ignore: "
        "kind PyTorchJob has no pod template",
        "  spec.pytorchReplicaSpecs.Master.template",
    ]
    assert "  class        training -> none" in out


def test_standard_input_is_read_and_namespace_and_user_may_be_named(
    edited: Diff, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace("new/policy.yaml", "users: []", "users: [carol]")
    pod = (
        "{apiVersion: v1, kind: Pod, metadata: {name: a, annotations: {gpu-class: production}},"
        " spec: {containers: [{name: c, resources: {limits: {nvidia.com/gpu: 1}}}]}}"
    )

    def asked(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(pod.encode())))
        code, out, _ = edited("--workloads", "-", *arguments)
        return code, next((line for line in out if line.startswith("-:1: ")), "")

    refused = ": inject -> deny: asks for a GPU, but gets no class"
    assert asked() == (1, f"-:1: Pod default/a{refused}")
    assert asked("-n", "team-a") == (0, "")
    assert asked("--as", "carol") == (
        1,
        "-:1: Pod default/a: inject -> allow: user carol is exempt",
    )


def test_bad_input_is_located_and_hides_nothing(edited: Diff) -> None:
    Path("bad.yaml").write_text("a: 1\n")
    code, out, err = edited("--workloads", "bad.yaml", "w.yaml")
    assert (code, err) == (2, ["bad.yaml:1: no manifest: it has no kind"])
    assert out[-1] == f"{SUMMARY}, 1 fault in the input"
    code, out, err = edited("--workloads", "bad.yaml", "-o", "github")
    assert (code, out[-2:]) == (
        2,
        [
            "::error file=bad.yaml,line=1,title=gpuclass bad input::no manifest: it has no kind",
            "0 workloads: 0 change, 0 unchanged, 1 fault in the input",
        ],
    )


def test_a_manifest_of_the_wrong_type_is_one_fault(diff: Diff) -> None:
    Path("bad.yaml").write_text(
        "{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {nodeName: 1}}"
    )
    code, out, err = diff("--workloads", "bad.yaml", "-o", "json")
    assert (code, out) == (2, ["[]"])
    assert err == ["bad.yaml:1: spec.nodeName: expected text, found the number 1: quote it"]


def test_nothing_to_compare_is_bad_input(diff: Diff) -> None:
    Path("empty.yaml").write_text("# nothing\n")
    code, _, err = diff("--workloads", "empty.yaml")
    assert (code, err) == (2, ["empty.yaml: no manifest in it"])
    shutil.rmtree("new/cases")
    assert diff() == (2, [], ["new/cases: no such folder; name workloads with --workloads"])


def test_faults_of_both_policies_are_said_together(diff: Diff) -> None:
    replace("old/classes/training.yaml", "weight: 100", "weight: 500")
    replace("new/classes/general.yaml", "name: worker", "name: wrker")
    Path("new/policy.yaml").unlink()
    assert diff("--workloads", "w.yaml") == (
        2,
        [],
        [
            "old/classes/training.yaml:9 spec.pools[0].weight: 500 is not in 1..100",
            "old/classes/training.yaml:10 spec.pools[1].weight: 500 is not in 1..100",
            "new: no GPUPolicy: add one, named cluster",
            "new/classes/general.yaml:8 spec.pools[0].name: there is no GPUNodePool wrker;"
            " known: development, production, training, worker; did you mean worker?",
        ],
    )


def test_a_folder_that_is_not_there_is_said_on_one_line(diff: Diff) -> None:
    shutil.rmtree("new")
    assert diff("--workloads", "w.yaml") == (2, [], ["new: no such folder"])
