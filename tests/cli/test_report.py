"""What needs care in reports: escapes, one line a fault."""

import json
import shutil
from pathlib import Path

from tests.cli.reviewing import Review
from tests.cli.shipped import POLICIES
from webhook.cli.report import annotation, place
from webhook.core.errors import Fault


def test_a_workflow_command_is_escaped() -> None:
    assert annotation("error", "a,b:c%.yaml", 3, "x", "50%\r\nnext: a, b") == (
        "::error file=a%2Cb%3Ac%25.yaml,line=3,title=gpuclass x::50%25%0D%0Anext: a, b"
    )


def test_an_annotation_without_a_line_stands_at_the_first() -> None:
    assert annotation("warning", "a", 0, "x", "y") == "::warning file=a,line=1,title=gpuclass x::y"


def test_an_annotation_without_a_file_has_no_place() -> None:
    assert annotation("notice", "", 3, "x", "y") == "::notice title=gpuclass x::y"


def test_a_fault_is_one_line_whatever_it_quotes() -> None:
    fault = Fault(source="a\nb", line=1, path="p", message="m\nn")
    assert place(fault) == r"a\nb:1: p: m\nn"


def test_what_audit_would_do_is_told_in_every_form(review: Review, tmp_path: Path) -> None:
    policies = tmp_path / "audited"
    shutil.copytree(POLICIES, policies)
    document = policies / "policy.yaml"
    document.write_text(document.read_text().replace("mode: Enforce", "mode: Audit"))
    manifest = (
        "apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: team}\nspec:\n"
        "  nodeName: m1\n  priorityClassName: system-node-critical\n"
        "  containers: [{name: c, resources: {limits: {cpu: 1, memory: 1Gi, nvidia.com/gpu: 1}}}]\n"
    )
    bare = manifest.replace("  nodeName: m1\n", "")
    refused = (
        "spec.priorityClassName: system-node-critical is for the cluster's own components; "
        "leave it out"
    )
    code, out, _ = review("--policies", str(policies), m=bare)
    assert code == 0
    assert out[1:3] == [
        "  audit would be changed by placement, tolerations",
        f"  audit would be refused: {refused} (rule priority)",
    ]
    _, out, _ = review("--policies", str(policies), "-o", "json", m=manifest)
    (entry,) = json.loads("\n".join(out))
    assert (entry["verdict"], entry["violations"], entry["would_change"]) == ("allow", [], [])
    assert [(each["rule"], each["line"]) for each in entry["would_refuse"]] == [
        ("node-name", 5),
        ("priority", 6),
    ]
    _, out, _ = review("--policies", str(policies), "-o", "github", m=bare)
    assert out == [
        "::notice file=m.yaml,line=5,title=gpuclass priority::"
        f"Pod team/p: would be refused: {refused}"
    ]
