"""What a document's status says, by what there is beside it."""

import pytest

from tests.core.given import gpu_class, gpu_node, pool
from webhook.control.api import Object
from webhook.control.conditions import Name, State
from webhook.control.inventory import Inventory, Machine, Tenant
from webhook.control.status import MAX_PROBLEMS, members_of, report
from webhook.core.cluster import Node, Taint
from webhook.core.errors import Fault
from webhook.core.policy import decode
from webhook.core.policy.check import check
from webhook.core.policy.documents import Document
from webhook.core.policy.policy import compile_policy
from webhook.core.policy.schema import plain
from webhook.core.policy.status import (
    ConditionStatus,
    GPUClassStatus,
    GPUNodePoolStatus,
    GPUNodeStatus,
    Status,
)

GPU = "nvidia.com/gpu"
POLICY = (
    "apiVersion: gpuclass.io/v1alpha1\nkind: GPUPolicy\nmetadata: {name: cluster}\n"
    "spec: {defaultClass: c}\n"
)
POOLS = pool("a", "gpu: yes-a", "{key: k, value: a, effect: NoSchedule}") + pool(
    "b", "gpu: yes-b", "{key: k, value: b, effect: NoSchedule}"
)
SOUND = POLICY + POOLS + gpu_class("c", "{name: a}, {name: b}")
NOTHING = Inventory(machines={})


def read(text: str) -> tuple[Document, ...]:
    documents, faults = decode.read(text, "given")
    assert not faults
    return documents


def state(
    text: str, faults: tuple[Fault, ...] = (), inventory: Inventory = NOTHING, before: str = SOUND
) -> State:
    return State(
        documents=read(text),
        faults=faults,
        policy=compile_policy(read(before)) if before else None,
        inventory=inventory,
    )


def status(kind: str, name: str, of: State) -> Status:
    return report(Name(kind=kind, name=name), of, members_of(of))


def said(kind: str, name: str, of: State) -> dict[str, tuple[str, str, str]]:
    conditions = status(kind, name, of).conditions
    return {each.type: (each.status.value, each.reason, each.message) for each in conditions}


REVISION = compile_policy(read(SOUND)).revision


@pytest.mark.parametrize(
    ("kind", "name"), [("GPUPolicy", "cluster"), ("GPUNodePool", "a"), ("GPUClass", "c")]
)
def test_document_in_force_is_ready_and_not_degraded(kind: str, name: str) -> None:
    assert said(kind, name, state(SOUND)) == {
        "Ready": ("True", "InForce", f"in force, revision {REVISION}"),
        "Degraded": ("False", "AsExpected", ""),
    }


REFUSAL = Fault(source="gpuclass/c", line=0, path="spec.pools[0].name", message="there is no pool")


def test_document_that_is_refused_says_why_and_what_stays() -> None:
    changed = state(SOUND.replace("{name: b}", "{name: z}"), (REFUSAL,))
    text = f"gpuclass/c spec.pools[0].name: there is no pool. revision {REVISION} stays in force"
    assert said("GPUClass", "c", changed) == {
        "Ready": ("False", "Refused", text),
        "Degraded": ("True", "Refused", text),
    }
    assert said("GPUNodePool", "a", changed)["Degraded"] == ("False", "AsExpected", "")
    assert said("GPUPolicy", "cluster", changed) == {
        "Ready": ("True", "InForce", f"in force, revision {REVISION}"),
        "Degraded": ("True", "OtherDocumentsRefused", text),
    }


def test_document_that_can_not_be_read_says_why() -> None:
    broken = state(POLICY + POOLS, (REFUSAL,))
    assert said("GPUClass", "c", broken)["Ready"][:2] == ("False", "Refused")


def test_sound_change_beside_a_refused_document_waits() -> None:
    changed = SOUND.replace("gpu: yes-a", "gpu: new-a")
    found = said("GPUNodePool", "a", state(changed, (REFUSAL,)))
    text = (
        "waits for other documents: gpuclass/c spec.pools[0].name: there is no pool. "
        f"revision {REVISION} stays in force"
    )
    assert found == {"Ready": ("False", "Waiting", text), "Degraded": ("True", "Waiting", text)}


def test_without_any_policy_nothing_is_in_force() -> None:
    found = said("GPUNodePool", "a", state(POOLS, (REFUSAL,), before=""))
    assert found["Ready"][2].endswith("Nothing is in force yet")


def test_class_whose_priority_class_is_missing_is_degraded() -> None:
    text = SOUND.replace("{name: b}]", "{name: b}], priorityClassName: gpu-high")
    advice = tuple(check(read(text)))
    assert said("GPUClass", "c", state(text, advice, before=text))["Degraded"] == (
        "True",
        "PriorityClassMissing",
        "there is no PriorityClass gpu-high: pods that get it are refused",
    )


def test_advice_is_told_and_degrades_nothing() -> None:
    advice = Fault(source="gpunodepool/a", line=0, path="spec.x", message="m", severity="warning")
    assert said("GPUNodePool", "a", state(SOUND, (advice,)))["Degraded"] == (
        "False",
        "Advised",
        "gpunodepool/a spec.x: m",
    )


def test_long_message_is_cut() -> None:
    long = Fault(source="gpuclass/c", line=0, path="spec", message="x" * 2000)
    message = said("GPUClass", "c", state(SOUND, (long,)))["Ready"][2]
    assert (len(message), message[-12:]) == (1024, " characters)")


def machine(name: str, *, ready: bool = True, taints: str = "", gpus: int = 8) -> Machine:
    marks = Node(
        labels={"gpu": f"yes-{name}"},
        taints=tuple(Taint(key="k", value=each, effect="NoSchedule") for each in taints),
    )
    return Machine(
        marks=marks, is_ready=ready, capacity={GPU: 8}, allocatable={GPU: gpus, "x.y/z": 3}
    )


INVENTORY = Inventory(
    machines={
        "n1": machine("a", taints="a"),
        "n2": machine("a", ready=False, gpus=6),
        "n3": machine("b", taints="b"),
        "n4": machine("none"),
    },
    tenants=(
        Tenant(node="n1", holds={GPU: 2}),
        Tenant(node="n2", holds={GPU: 1, "x.y/z": 1}),
        Tenant(node="n3", holds={GPU: 4}),
        Tenant(node="gone", holds={GPU: 4}),
        Tenant(),
    ),
)


def test_pool_counts_its_nodes_and_gpus_and_names_what_is_amiss() -> None:
    found = status("GPUNodePool", "a", state(SOUND, inventory=INVENTORY))
    assert isinstance(found, GPUNodePoolStatus)
    written = plain(found)
    del written["conditions"]
    assert written == {
        "nodes": 2,
        "readyNodes": 1,
        "gpus": {"capacity": 16, "allocatable": 14, "allocated": 3},
        "problems": ["n2: lacks the taint k=a:NoSchedule, so CPU pods may land on it"],
    }


def test_class_counts_the_nodes_of_its_pools() -> None:
    found = status("GPUClass", "c", state(SOUND, inventory=INVENTORY))
    assert isinstance(found, GPUClassStatus)
    written = plain(found)
    del written["conditions"]
    assert written == {
        "pools": [{"name": "a", "nodes": 2}, {"name": "b", "nodes": 1}],
        "poolNames": "a, b",
        "nodes": 3,
    }


def test_policy_counts_what_is_in_force() -> None:
    written = plain(status("GPUPolicy", "cluster", state(SOUND)))
    del written["conditions"]
    assert written == {"revision": REVISION, "documents": 4, "classes": 1, "pools": 2}


def test_node_of_two_pools_alike_is_named_at_both() -> None:
    both = Machine(
        marks=Node(
            labels={},
            taints=tuple(Taint(key="k", value=each, effect="NoSchedule") for each in "ab"),
        ),
        is_ready=True,
        capacity={},
        allocatable={},
    )
    given = state(SOUND, inventory=Inventory(machines={"n": both}))
    for name in "ab":
        found = status("GPUNodePool", name, given)
        assert isinstance(found, GPUNodePoolStatus)
        assert found.problems == (
            "n: of pools a, b alike; add a label that tells them apart",
            f"n: lacks the label gpu=yes-{name}, so pods of its classes miss it",
        )


def test_many_problems_are_counted() -> None:
    machines = {f"n{index:02}": machine("a") for index in range(MAX_PROBLEMS + 5)}
    given = state(SOUND, inventory=Inventory(machines=machines))
    found = status("GPUNodePool", "a", given)
    assert isinstance(found, GPUNodePoolStatus)
    assert len(found.problems) == MAX_PROBLEMS + 1
    assert found.problems[-1] == "and 5 more"


def test_object_of_no_kind_known_here_has_conditions_alone() -> None:
    found = status("GPUClass", "unread", state(SOUND, (REFUSAL,)))
    assert [each.status for each in found.conditions] == [
        ConditionStatus.FALSE,
        ConditionStatus.TRUE,
    ]


MARKED = Node(labels={"gpu": "yes-a"}, taints=(Taint(key="k", value="a", effect="NoSchedule"),))
GIVEN = SOUND + gpu_node("n1", "a")


def found_of(machine: Machine | None) -> tuple[Object, dict[str, tuple[str, str, str]]]:
    """Give the status of GPUNode n1 of pool a, and its conditions."""
    inventory = Inventory(
        machines={"n1": machine} if machine else {}, tenants=(Tenant(node="n1", holds={GPU: 2}),)
    )
    given = state(GIVEN, inventory=inventory, before=GIVEN)
    found = status("GPUNode", "n1", given)
    assert isinstance(found, GPUNodeStatus)
    written = plain(found)
    del written["conditions"]
    return written, said("GPUNode", "n1", given)


GIVEN_REVISION = compile_policy(read(GIVEN)).revision
FINE = ("False", "AsExpected", "")


def test_declared_node_that_has_not_joined_is_not_ready_and_nothing_is_amiss() -> None:
    assert found_of(None) == (
        {"joined": False},
        {
            "Ready": (
                "False",
                "NotJoined",
                f"in force, revision {GIVEN_REVISION}; no node n1 has joined yet",
            ),
            "Degraded": FINE,
        },
    )


def test_declared_node_that_is_there_and_marked_is_ready() -> None:
    whole = Machine(marks=MARKED, is_ready=True, capacity={GPU: 8}, allocatable={GPU: 7})
    assert found_of(whole) == (
        {
            "joined": True,
            "ready": True,
            "labelled": True,
            "gpus": {"capacity": 8, "allocatable": 7, "allocated": 2},
        },
        {
            "Ready": (
                "True",
                "Joined",
                f"in force, revision {GIVEN_REVISION}; of pool a, 7 GPUs",
            ),
            "Degraded": FINE,
        },
    )


SILENCE = ("True", "NodeSilent", "its kubelet is silent")


@pytest.mark.parametrize(
    ("is_silent", "first", "degraded"),
    [(False, "is not Ready", FINE), (True, "is not Ready: its kubelet is silent", SILENCE)],
)
def test_declared_node_says_everything_that_is_amiss_with_it(
    is_silent: bool, first: str, degraded: tuple[str, str, str]
) -> None:
    bare = Machine(marks=Node(), is_ready=False, is_silent=is_silent, capacity={}, allocatable={})
    written, conditions = found_of(bare)
    problems = [
        first,
        "lacks the taint k=a:NoSchedule, so CPU pods may land on it",
        "lacks the label gpu=yes-a, so pods of its classes miss it",
        "offers none of nvidia.com/gpu, nvidia.com/gpu.shared, nvidia.com/mig-*: its device plug-in"
        " may not run yet",
    ]
    assert written["problems"] == problems
    assert written["labelled"] is False
    assert conditions == {
        "Ready": ("False", "NodeHasProblems", "; ".join(problems)),
        "Degraded": degraded,
    }


def test_declared_node_of_a_pool_that_is_refused_says_so_first() -> None:
    fault = Fault(source="gpunode/n1", line=0, path="spec.pool", message="there is no pool")
    given = state(GIVEN.replace("pool: a", "pool: z"), (fault,), before=GIVEN)
    assert said("GPUNode", "n1", given)["Ready"][:2] == ("False", "Refused")


def test_a_label_that_is_not_of_the_selector_is_missed_too() -> None:
    text = GIVEN.replace("gpu: yes-a}", "gpu: yes-a}, labels: {role: x}", 1)
    given = state(text, inventory=Inventory(machines={"n1": machine("a", taints="a")}), before=text)
    found = status("GPUNodePool", "a", given)
    assert isinstance(found, GPUNodePoolStatus)
    assert found.problems == ("n1: lacks the label role=x",)


def test_node_that_two_pools_claim_is_told_by_both_and_by_itself() -> None:
    claims = "claims: {matchLabels: {cloud: x}}"
    text = GIVEN.replace("gpu: yes-b}", f"gpu: yes-b}}, {claims}", 1)
    both = Machine(
        marks=Node(labels={"cloud": "x"}), is_ready=True, capacity={GPU: 1}, allocatable={GPU: 1}
    )
    given = state(text, inventory=Inventory(machines={"n1": both}), before=text)
    note = "n1: pools a, b claim it alike; left as it is until one does"
    for name in "ab":
        found = status("GPUNodePool", name, given)
        assert isinstance(found, GPUNodePoolStatus)
        assert found.problems[0] == note
    assert said("GPUNode", "n1", given) == {
        "Ready": ("False", "ClaimedTwice", note),
        "Degraded": ("True", "ClaimedTwice", note),
    }
    fault = Fault(source="gpunode/n1", line=0, path="spec.pool", message="m")
    refused = state(text, (fault,), inventory=Inventory(machines={"n1": both}), before=text)
    assert said("GPUNode", "n1", refused)["Ready"][:2] == ("False", "Refused")
