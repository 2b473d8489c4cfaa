"""The plan of `make e2e`: what it says where it proves nothing."""

from pathlib import Path

import pytest

from tests.deploy import opentofu
from tests.e2e import terraform_plan


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REQUIRE_E2E", raising=False)


@pytest.mark.parametrize(("required", "code"), [("0", 0), ("1", 1)])
def test_without_a_program_one_line_says_so(
    required: str,
    code: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("REQUIRE_E2E", required)
    assert terraform_plan.main() == code
    assert capsys.readouterr().out == (
        "NOT PROVED  terraform: neither OpenTofu nor Terraform is here: make tofu\n"
    )


def test_without_the_provider_one_line_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    if not (opentofu.find("tofu") or opentofu.find("terraform")):
        pytest.skip("neither OpenTofu nor Terraform is here: `make tofu`")
    settings = tmp_path / "settings.tfrc"
    mirror = (
        f'provider_installation {{\n  filesystem_mirror {{\n    path = "{tmp_path}"\n  }}\n}}\n'
    )
    settings.write_text(mirror, encoding="utf-8")
    monkeypatch.setenv("TF_CLI_CONFIG_FILE", str(settings))
    assert terraform_plan.main() == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("NOT PROVED  terraform: the provider can not be had here: ")
    assert "tehcyx/kind" in line
