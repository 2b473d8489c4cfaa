"""`gpuclass controller`: a replica of the controller."""

from webhook.control import controller
from webhook.control.settings import Settings


def run(settings: Settings) -> int:
    """Run until a signal ends it; give the exit code."""
    return controller.run(settings)
