"""Write the dashboards."""

from tests.deploy.dashboards import BOARDS
from tests.deploy.dashboards.boards import FOLDER, render

FOLDER.mkdir(parents=True, exist_ok=True)
for board in BOARDS:
    board.path.write_text(render(board), encoding="utf-8")
