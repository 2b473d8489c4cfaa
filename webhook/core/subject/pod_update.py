"""A pod that is written again: never in the way, and no back door.

Mutation only restores what CREATE had injected (rule `restore`). Validation judges a pod that asks
for no GPU once more where fields changed by which the scheduler places it, and refuses only what
this very write brought: deletion, finalizers, status and metadata, and pods that were there before
the policy, pass.
"""

from webhook.core.decision import Decision, Verdict, Violation
from webhook.core.pod import Pod
from webhook.core.pod_patch import compare
from webhook.core.policy.resources import Need
from webhook.core.rules import claim, stamp
from webhook.core.subject import aims
from webhook.core.subject.case import Case, Stage, allow


def judge(case: Case, old: Pod) -> Decision:
    """Restore a pod that is applied again, or judge what this write changed."""
    if case.stage is Stage.MUTATE:
        return _restored(case, old)
    if case.pod.metadata.deletion_timestamp or _scheduling(case.pod) == _scheduling(old):
        return allow("written again: nothing that places it changed")
    policy, namespace = case.policy, case.request.namespace
    asked = policy.resources.asked(case.pod, namespace, policy.cluster)
    if asked.need is Need.GPU or asked.name:
        return allow("written again: asks for a GPU")
    before = {each.message for each in aims.find(old, policy, namespace)}
    found = aims.find(case.pod, policy, namespace)
    brought = tuple(each for each in found if each.message not in before)
    if asked.need is Need.UNKNOWN:
        return _claiming(case, brought)
    return Decision(
        verdict=Verdict.ALLOW, reason="written again: asks for no GPU", violations=brought
    )


def _claiming(case: Case, brought: tuple[Violation, ...]) -> Decision:
    """Refuse what a pod that may ask for no GPU aims by from now on, where claims are watched."""
    cluster = case.policy.cluster
    if not brought or not cluster.is_whole:
        return allow("written again: may ask for a GPU")
    return Decision(
        verdict=Verdict.ALLOW,
        reason="written again: may ask for a GPU",
        violations=claim.find(case.pod, case.request.namespace, cluster, brought),
        early=True,
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
