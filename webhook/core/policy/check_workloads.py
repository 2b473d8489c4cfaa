"""Checks of the workload kinds that a GPUPolicy lists."""

from collections.abc import Iterator

from webhook.core.errors import Fault
from webhook.core.names import API_GROUP
from webhook.core.paths import EACH, parse
from webhook.core.policy.catalogue import Catalogue, fault
from webhook.core.policy.documents import GPUPolicy
from webhook.core.policy.listed import PodTemplates, Workload
from webhook.core.workload import BUILT_IN


def check_workloads(everything: Catalogue) -> Iterator[Fault]:
    """Give the faults of listed kinds that their fields alone do not show."""
    for policy in everything.policies[:1]:
        for index, each in enumerate(policy.workloads):
            place = f"spec.workloads[{index}]"
            yield from _kind(policy, each, place)
            for number, template in enumerate(each.templates):
                yield from _template(policy, template, f"{place}.templates[{number}]")
            if EACH in parse(each.suspend):
                message = f"{each.suspend} is many fields: one field suspends a workload"
                yield fault(policy, f"{place}.suspend", message)


def _kind(policy: GPUPolicy, given: Workload, place: str) -> Iterator[Fault]:
    if (given.group, given.kind) in BUILT_IN:
        message = f"{given.kind} of {given.group} is built in, not described by policies: remove it"
        yield fault(policy, f"{place}.kind", message)
    if given.group == API_GROUP:
        yield fault(policy, f"{place}.group", f"kinds of {API_GROUP} make no pods: remove it")


def _template(policy: GPUPolicy, given: PodTemplates, place: str) -> Iterator[Fault]:
    """Find a [*] that could not be told which item of the template's it means."""
    path = parse(given.path)
    others = (("annotations", given.annotations or ""), ("spec", given.spec or ""))
    elsewhere = ((f"elsewhere[{index}]", each) for index, each in enumerate(given.elsewhere))
    for name, text in (*others, *elsewhere):
        other = parse(text)
        last = max((index for index, step in enumerate(other) if step == EACH), default=-1)
        if other[: last + 1] != path[: last + 1]:
            message = (
                f"{text} has a [*] that {given.path} has not: up to its last [*] it has to be"
                " the same as path"
            )
            yield fault(policy, f"{place}.{name}", message)
