"""The documents as the leader knows them."""

from collections.abc import Mapping

from tests.cli.shipped import POLICIES
from webhook.control.api import Object
from webhook.control.documents import Documents, Known
from webhook.core.cluster import UNKNOWN, Cluster
from webhook.core.errors import Fault
from webhook.core.policy.documents import Document
from webhook.core.policy.policy import compile_policy
from webhook.watch import files
from webhook.watch.cluster import Knowledge

SOUND, _ = files.load(POLICIES)
NAMES = [each.name for each in SOUND]
NOTHING = Known(settings=None, policy=None)
SETTINGS: Object = {"metadata": {"name": "cluster"}}


def knowledge(
    documents: tuple[Document, ...], *faults: Fault, cluster: Cluster = UNKNOWN
) -> Knowledge:
    return Knowledge(documents=documents, faults=faults, cluster=cluster)


def documents(settings: Mapping[str, Object] | None) -> Documents:
    return Documents(lambda: settings)


def test_nothing_is_known_until_both_were_read() -> None:
    assert documents({"cluster": SETTINGS}).current() is None
    late = documents(None)
    late.tell(knowledge(SOUND))
    assert late.current() is None


def known(made: Documents) -> tuple[Object | None, str, tuple[str, ...]]:
    """Give the GPUPolicy, the revision of the last good policy, and the faults."""
    found = made.current()
    assert found
    faults = tuple(map(str, found.faults))
    return found.settings, found.policy.revision if found.policy else "", faults


def test_the_last_good_policy_stays_and_the_faults_are_known() -> None:
    made = documents({"cluster": SETTINGS, "other": {}})
    made.tell(knowledge(SOUND))
    good = compile_policy(SOUND).revision
    assert known(made) == (SETTINGS, good, ())
    made.tell(knowledge(()))
    assert known(made)[:2] == (SETTINGS, good)
    assert known(made)[2]
    fault = Fault(source="gpuclass/x", line=0, path="spec", message="is no mapping")
    made.tell(knowledge(SOUND, fault))
    assert known(made) == (SETTINGS, good, ("gpuclass/x spec: is no mapping",))
    assert [each.name for each in (made.current() or NOTHING).documents] == NAMES
    made.tell(knowledge(SOUND))
    assert known(made) == (SETTINGS, good, ())


def test_the_policy_knows_what_the_api_server_says_besides() -> None:
    made = documents({"cluster": SETTINGS})
    cluster = Cluster(extended_resources={"example.com/gpu": "gpu.nvidia.com"})
    made.tell(knowledge(SOUND, cluster=cluster))
    found = made.current()
    assert found
    assert found.policy
    assert found.policy.cluster == cluster


def test_there_may_never_have_been_a_good_one() -> None:
    made = documents({})
    made.tell(knowledge(()))
    assert known(made)[:2] == (None, "")
