"""Who is neither changed nor refused: named by what a tenant can not write.

- pods in a namespace that GPUPolicy `spec.exempt.namespaces` names;
- pods sent by a user or a group that it names;
- mirror pods: the kubelet's annotation *and* a sender in `system:nodes`. The group alone is no
  exemption, since static pods are the only ones a kubelet may create.

Labels, names and ownerReferences exempt nobody: whoever creates a pod writes them.
"""

from collections.abc import Mapping

from webhook.core.names import MIRROR_ANNOTATION, NODES_GROUP
from webhook.core.policy.policy import Exemptions
from webhook.core.review import Request


def find(request: Request, annotations: Mapping[str, str], exempt: Exemptions) -> str | None:
    """Say why an object with these annotations is exempt, or give None."""
    if request.namespace in exempt.namespaces:
        return f"namespace {request.namespace} is exempt"
    if request.user_info.username in exempt.users:
        return f"user {request.user_info.username} is exempt"
    groups = request.user_info.groups or ()
    if exempt.groups and not exempt.groups.isdisjoint(groups):
        return f"group {next(group for group in groups if group in exempt.groups)} is exempt"
    if NODES_GROUP in groups and MIRROR_ANNOTATION in annotations:
        return "a mirror pod of its kubelet"
    return None
