"""deploy/crds holds what the code gives."""

from pathlib import Path

import pytest
import yaml

from webhook.cli.main import main
from webhook.core.policy import crd

CRDS = Path(__file__).parents[2] / "deploy" / "crds"


@pytest.mark.parametrize("plural", crd.RESOURCES)
def test_a_file_is_what_the_code_gives(plural: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["render", "--crds", plural]) == 0
    text = (CRDS / f"{plural}.yaml").read_text(encoding="utf-8")
    assert text == capsys.readouterr().out, "run `make render`"


def test_every_file_is_applied() -> None:
    kustomization = yaml.safe_load((CRDS / "kustomization.yaml").read_text(encoding="utf-8"))
    assert kustomization["resources"] == [f"{plural}.yaml" for plural in crd.RESOURCES]
    assert {each.name for each in CRDS.iterdir()} == {
        "kustomization.yaml",
        *kustomization["resources"],
    }
