"""`gpuclass review` on texts, as tests ask it."""

from pathlib import Path

import pytest

from tests.cli.shipped import POLICIES
from webhook.cli.main import main


class Review:
    """Runs the command on files, and gives exit code, answer and complaints."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.capsys = capsys

    def __call__(self, *arguments: str, **files: str) -> tuple[int, list[str], list[str]]:
        """Write the files, review them."""
        for name, text in files.items():
            Path(f"{name}.yaml").write_text(text)
        names = [f"{name}.yaml" for name in files]
        code = main(["review", "--policies", str(POLICIES), *arguments, *names])
        captured = self.capsys.readouterr()
        return code, captured.out.splitlines(), captured.err.splitlines()
