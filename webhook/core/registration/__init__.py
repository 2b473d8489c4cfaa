"""The registration: which requests the API server sends to gpuclass, as a function of the policy.

`configurations` makes the two objects, `pods` and `workloads` say in CEL which writes concern us,
`cel` knows how to write CEL. The conditions may send what the decision then leaves alone; what it
would refuse or change they must send, and they must never err, since an error refuses the write.
"""

from webhook.core.names import NAMESPACE
from webhook.core.registration.configurations import (
    ENTRIES,
    METRICS_PORT,
    MUTATE_PATH,
    NAME,
    SERVE_PORT,
    SERVICE_PORT,
    VALIDATE_PATH,
    Service,
    render,
)

__all__ = [
    "ENTRIES",
    "METRICS_PORT",
    "MUTATE_PATH",
    "NAME",
    "NAMESPACE",
    "SERVE_PORT",
    "SERVICE_PORT",
    "VALIDATE_PATH",
    "Service",
    "render",
]
