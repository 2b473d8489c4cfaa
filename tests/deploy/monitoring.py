"""deploy/monitoring: its rule files, and the PrometheusRules that are written from them.

`python -m tests.deploy.monitoring` (`make render`) writes them: the operator's kind holds a rule
file as its spec, and kustomize can not put one there.
"""

import sys
from pathlib import Path
from textwrap import indent
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy" / "monitoring"
RULES = FOLDER / "rules"
OPERATOR = FOLDER / "prometheusrules.yaml"

Json = dict[str, Any]


def rule_files() -> list[Path]:
    """Give the rule files, by name."""
    return sorted(RULES.glob("*.rules.yaml"))


def rules(*paths: Path) -> list[Json]:
    """Give the rules of some files (none named: of all): `record` or `alert`, `expr` and so on."""
    texts = (path.read_text(encoding="utf-8") for path in paths or rule_files())
    files = map(yaml.safe_load, texts)
    return [rule for file in files for group in file["groups"] for rule in group["rules"]]


def alerts() -> list[Json]:
    """Give the rules that alert; one name may have several."""
    return [each for each in rules() if "alert" in each]


def render() -> str:
    """Give the PrometheusRules, one a file, with the files' own words."""
    head = "# Written from rules/ by `make render`.\n"
    return head + "---\n".join(map(_prometheus_rule, rule_files()))


def _prometheus_rule(path: Path) -> str:
    name = path.name.removesuffix(".rules.yaml")
    return (
        "apiVersion: monitoring.coreos.com/v1\n"
        "kind: PrometheusRule\n"
        "metadata:\n"
        f"  name: gpuclass-{name}\n"
        "spec:\n"
    ) + indent(path.read_text(encoding="utf-8"), "  ")


def main() -> int:
    """Write what is made from the rule files."""
    OPERATOR.write_text(render(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
