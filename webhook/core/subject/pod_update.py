"""A pod that is written again: never in the way, and no back door.

Mutation only restores what CREATE had injected (rule `restore`). Validation judges a pod that asks
for no GPU once more where fields changed by which the scheduler places it, and refuses only what
this very write brought: deletion, finalizers, status and metadata, and pods that were there before
the policy, pass.
"""

from webhook.core.decision import Decision, Verdict, Violation
from webhook.core.pod import Pod
from webhook.core.pod_patch import compare
from webhook.core.policy.documents import BlanketToleration, CpuTarget
from webhook.core.policy.policy import Policy
from webhook.core.policy.resources import Need
from webhook.core.rules import cpu_target, stamp, steering
from webhook.core.subject.case import Case, Stage, allow


def judge(case: Case, old: Pod) -> Decision:
    """Restore a pod that is applied again, or judge what this write changed."""
    if case.stage is Stage.MUTATE:
        return _restored(case, old)
    if case.pod.metadata.deletion_timestamp or _scheduling(case.pod) == _scheduling(old):
        return allow("written again: nothing that places it changed")
    policy, namespace = case.policy, case.request.namespace
    if policy.resources.asked(case.pod, namespace, policy.cluster).need is not Need.NOTHING:
        return allow("written again: asks for a GPU")
    before = {each.message for each in _find(old, policy, namespace)}
    return Decision(
        verdict=Verdict.ALLOW,
        reason="written again: asks for no GPU",
        violations=tuple(
            each for each in _find(case.pod, policy, namespace) if each.message not in before
        ),
    )


def _restored(case: Case, old: Pod) -> Decision:
    patch = compare(case.pod, stamp.restore(old, case.pod))
    writes, acted = case.writes(stamp.NAME), (stamp.NAME,) if patch else ()
    return Decision(
        verdict=Verdict.INJECT,
        reason="written again: what was injected stays",
        patch=patch if writes else (),
        rules=acted if writes else (),
        would_change=acted if case.audits(stamp.NAME) else (),
    )


def _scheduling(pod: Pod) -> tuple[object, ...]:
    spec = pod.spec
    return spec.node_name, spec.node_selector, spec.affinity, spec.tolerations


def _find(pod: Pod, policy: Policy, namespace: str) -> tuple[Violation, ...]:
    """Find what a new pod would be refused for, or steered off, which an update can not be."""
    cpu_pods = policy.cpu_pods
    aims = cpu_target.find(pod, policy, namespace) if cpu_pods.on_target is CpuTarget.DENY else ()
    if cpu_pods.on_blanket_toleration is BlanketToleration.ALLOW:
        return aims
    index = steering.reaches(pod, policy)
    if index is None or steering.inject(pod, policy) is pod:
        return aims
    return (*aims, steering.refuse(pod, index, namespace, policy.cluster))
