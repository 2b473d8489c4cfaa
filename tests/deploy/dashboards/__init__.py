"""The dashboards of deploy/monitoring: boards as tables of panels, and what writes their JSON.

`python -m tests.deploy.dashboards` (`make render`) writes it, by Grafana's own library for that.
"""

from tests.deploy.dashboards.platform import PLATFORM
from tests.deploy.dashboards.team import TEAM

BOARDS = (PLATFORM, TEAM)
