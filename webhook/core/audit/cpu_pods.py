"""Pods without GPUs on GPU nodes, and those that could get there.

- `cpu-pod-on-gpu-node`: a pod that asks for no GPU runs on a node of a pool. The message names the
  field by which it got there, or says that none did: the node had no taint then, somebody bound the
  pod by hand, or it was there first (NoSchedule evicts nobody).
- `cpu-pod-aims`: it runs elsewhere or waits, but today's policy would refuse it. Whoever makes it
  anew is refused: mend the workload, or exempt its namespace, before rules are enforced.
- `cpu-pod-unproved`: probably an agent. Who created a pod is not stored, so this is judged by what
  is: a pod whose controller is a DaemonSet that is there, with the same uid, is no finding (that
  controller deletes pods of its own that it does not want). Where DaemonSets could not be read, and
  for mirror pods, whose annotation anybody may write, it is said that nothing proves it.

Pods of exempt namespaces are no findings; neither is any where the policy has `cpuPods.onTarget:
Allow`. Exempt users and groups can not be told afterwards: the message says so where a policy has
any.
"""

from collections.abc import Iterator

import msgspec

from webhook.core.audit.finding import Finding, of_pod
from webhook.core.audit.inventory import StoredPod
from webhook.core.audit.view import View
from webhook.core.names import MIRROR_ANNOTATION
from webhook.core.pod import Pod
from webhook.core.policy.documents import CpuTarget
from webhook.core.policy.policy import Policy
from webhook.core.policy.pool_names import named
from webhook.core.rules import cpu_target, steering

_NOTHING_NAMES_IT = (
    "no field of it names GPU nodes, so the node had no taint that keeps it off when the pod came, "
    "or it was bound past the scheduler"
)


def find(stored: StoredPod, view: View) -> Iterator[Finding]:
    """Judge a pod that asks for no GPU."""
    policy = view.policy
    if policy.cpu_pods.on_target is CpuTarget.ALLOW or view.is_exempt(stored.namespace):
        return
    pools = view.pools.get(stored.pod.spec.node_name or "", ())
    if stored.owner is not None and stored.owner.kind == "DaemonSet":
        yield from _agent(stored, view) if pools else ()
    elif MIRROR_ANNOTATION in stored.pod.annotations:
        yield from _mirror(stored) if pools else ()
    elif pools:
        yield _on_gpu_node(stored, view)
    else:
        yield from _aiming(stored, view)


def _on_gpu_node(stored: StoredPod, view: View, doubt: str = "") -> Finding:
    node = stored.pod.spec.node_name or ""
    where = f"{node} ({named(view.pools[node])})"
    ways = _ways(_free(stored.pod), view.policy, stored.namespace)
    return of_pod(
        "cpu-pod-on-gpu-node",
        stored.namespace,
        stored.name,
        f"runs on {where} and asks for no GPU{doubt}: {'; '.join(ways) or _NOTHING_NAMES_IT}. "
        "Expected on a node of no pool: change what made it and delete it, or exempt its namespace "
        f"(GPUPolicy spec.exempt){view.doubt}",
    )


def _aiming(stored: StoredPod, view: View) -> Iterator[Finding]:
    aims = cpu_target.find(stored.pod, view.policy, stored.namespace)
    if aims:
        fields = ", ".join(each.path for each in aims)
        where = stored.pod.spec.node_name
        yield of_pod(
            "cpu-pod-aims",
            stored.namespace,
            stored.name,
            f"asks for no GPU, {f'runs on {where}' if where else 'waits'}, and would be refused if "
            f"it were made now, by {fields}: drop what aims at GPU nodes, or exempt its namespace "
            f"(GPUPolicy spec.exempt){view.doubt}",
        )


def _agent(stored: StoredPod, view: View) -> Iterator[Finding]:
    """Believe an ownerReference only where the DaemonSet that it names is there."""
    owner = stored.owner
    if owner is None:
        return
    if view.daemon_sets is None:
        yield _unproved(
            stored,
            f"its controller is said to be DaemonSet {owner.name}, but DaemonSets could not be "
            "read: give audit the right to list them (apps), or add them to the dump",
        )
        return
    found = view.daemon_sets.get((stored.namespace, owner.name))
    if found is None or found.uid != owner.uid:
        is_another = "there is none" if found is None else "that one has another uid"
        doubt = f", though it is said to be of DaemonSet {owner.name} ({is_another})"
        yield _on_gpu_node(stored, view, doubt)


def _mirror(stored: StoredPod) -> Iterator[Finding]:
    yield _unproved(
        stored,
        f"it has the annotation {MIRROR_ANNOTATION} of a static pod, which anybody may write: look "
        "for its manifest on the node",
    )


def _unproved(stored: StoredPod, why: str) -> Finding:
    node = stored.pod.spec.node_name
    return of_pod(
        "cpu-pod-unproved",
        stored.namespace,
        stored.name,
        f"runs on {node} and asks for no GPU; probably an agent, which nothing proves: {why}",
    )


def _free(pod: Pod) -> Pod:
    """Give the pod as it was before it was bound: every stored pod names its node."""
    return msgspec.structs.replace(pod, spec=msgspec.structs.replace(pod.spec, node_name=None))


def _ways(pod: Pod, policy: Policy, namespace: str) -> list[str]:
    """Name the fields by which a pod may get onto GPU nodes."""
    found = cpu_target.find(pod, policy, namespace)
    aims = [f"{each.path} {each.message.partition(', but the pod')[0]}" for each in found]
    index = steering.reaches(pod, policy)
    blanket = [f"spec.tolerations[{index}] names no key"] if index is not None else []
    return [*aims, *blanket]
