"""`gpuclass` whose every decision takes long, as on a machine that has no time.

It is the whole program, and nothing else in it is changed:

    python -m tests.cluster.chaos.slow serve ...
"""

import sys
import time

from webhook.core import decide
from webhook.core.decision import Decision
from webhook.core.policy.policy import Policy
from webhook.core.review import Request
from webhook.core.subject.case import Stage

SECONDS = 0.4

_decide = decide.decide


def slowly(request: Request, policy: Policy, stage: Stage) -> Decision:
    """Decide, and hold up the event loop meanwhile."""
    time.sleep(SECONDS)
    return _decide(request, policy, stage)


if __name__ == "__main__":
    decide.decide = slowly
    # Imported here: the server takes the decision over when it is.
    from webhook.cli.main import main

    sys.exit(main())
