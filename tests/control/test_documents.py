"""The documents as the leader knows them."""

from collections.abc import Mapping

from tests.cli.shipped import POLICIES
from webhook.control.api import Object
from webhook.control.documents import Documents
from webhook.core.errors import Fault
from webhook.core.policy.policy import compile_policy
from webhook.watch import files

SOUND, _ = files.load(POLICIES)
SETTINGS: Object = {"metadata": {"name": "cluster"}}


def documents(settings: Mapping[str, Object] | None) -> Documents:
    return Documents(lambda: settings)


def test_nothing_is_known_until_both_were_read() -> None:
    assert documents({"cluster": SETTINGS}).current() is None
    late = documents(None)
    late.tell(SOUND, ())
    assert late.current() is None


def known(made: Documents) -> tuple[Object | None, str, tuple[str, ...]]:
    """Give the GPUPolicy, the revision of the last good policy, and the faults."""
    found = made.current()
    assert found
    return found.settings, found.policy.revision if found.policy else "", found.faults


def test_the_last_good_policy_stays_and_the_faults_are_known() -> None:
    made = documents({"cluster": SETTINGS, "other": {}})
    made.tell(SOUND, ())
    good = compile_policy(SOUND).revision
    assert known(made) == (SETTINGS, good, ())
    made.tell((), ())
    assert known(made)[:2] == (SETTINGS, good)
    assert known(made)[2]
    fault = Fault(source="gpuclass/x", line=0, path="spec", message="is no mapping")
    made.tell(SOUND, [fault])
    assert known(made) == (SETTINGS, good, ("gpuclass/x spec: is no mapping",))
    made.tell(SOUND, ())
    assert known(made) == (SETTINGS, good, ())


def test_there_may_never_have_been_a_good_one() -> None:
    made = documents({})
    made.tell((), ())
    assert known(made)[:2] == (None, "")
