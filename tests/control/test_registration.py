"""The registration: when it is there, what it says, and what repairs it."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from tests.cli.shipped import policy
from tests.control.world import MUTATING, NAMESPACE, SERVICE, START, VALIDATING, Scene
from webhook.control.api import ApiFailed, Object
from webhook.control.certificates import make_ca, make_leaf, read_all, write_all
from webhook.control.configurations import bundles
from webhook.control.documents import Known
from webhook.control.registration import Register, Registrar, Remove, Wish, wish
from webhook.core import registration
from webhook.core.errors import Fault
from webhook.core.names import PAUSED_ANNOTATION

CA, OTHER = make_ca(START), make_ca(START)
LEAF = make_leaf(CA, SERVICE.hosts, START)
NONE = read_all(b"")
SETTINGS: Object = {"metadata": {"name": "cluster", "uid": "u1"}, "spec": {"mode": "Enforce"}}
REFUSED = Fault(source="gpuclass/x", line=0, path="", message="no pools")
KNOWN = Known(settings=SETTINGS, policy=policy())
PATHS = (MUTATING, VALIDATING)


def settings(metadata: Object | None = None, **spec: object) -> Object:
    return {"metadata": {**SETTINGS["metadata"], **(metadata or {})}, "spec": spec}


@pytest.mark.parametrize(
    ("document", "annotations", "expected"),
    [
        pytest.param(SETTINGS, {}, Register(), id="enforced"),
        pytest.param(settings(mode="Warn"), {}, Register(), id="warned"),
        pytest.param(settings(mode="Audit"), {}, Register(), id="audited"),
        pytest.param(settings(), {}, Register(), id="no mode"),
        pytest.param({"metadata": SETTINGS["metadata"]}, {}, Register(), id="no spec"),
        pytest.param(
            settings(mode="Off", rules={"class": "Enforce"}),
            {},
            Remove(why="the GPUPolicy says mode: Off"),
            id="off, whatever a rule says",
        ),
        pytest.param(None, {}, Remove(why="there is no GPUPolicy"), id="no GPUPolicy"),
        pytest.param(
            settings({"deletionTimestamp": "2027-01-01T00:00:00Z"}, mode="Enforce"),
            {},
            Remove(why="the GPUPolicy is being deleted"),
            id="being deleted",
        ),
        pytest.param(
            SETTINGS,
            {PAUSED_ANNOTATION: "true"},
            Remove(why="the namespace has the annotation gpuclass.io/paused"),
            id="paused",
        ),
        pytest.param(SETTINGS, {PAUSED_ANNOTATION: "False"}, Register(), id="not paused"),
    ],
)
def test_when_it_is_to_be_there(
    document: Object | None, annotations: Mapping[str, str], expected: Wish
) -> None:
    assert wish(replace(KNOWN, settings=document), annotations) == expected


class Running:
    """A registrar in a world of its own, whose server answers."""

    def __init__(self) -> None:
        self.scene = Scene()
        self.api = self.scene.api
        self.scene.probe.served = LEAF.certificate
        self.known: Known | None = KNOWN
        self.bundle = (CA.certificate, *NONE)
        self.registrar = Registrar(self.scene.world(), lambda: self.known, lambda: self.bundle)

    def live(self) -> list[Object | None]:
        """Give both configurations."""
        return [self.api.objects.get(path) for path in PATHS]

    def entry(self, path: str) -> Object:
        """Give the first entry of one."""
        entry: Object = self.api.objects[path]["webhooks"][0]
        return entry


@pytest.fixture
def running() -> Running:
    made = Running()
    made.registrar.run()
    return made


def test_it_is_written_once_the_server_answers_as_it_should() -> None:
    made = Running()
    made.scene.probe.served = None
    assert made.registrar.run() == 0.5
    assert made.live() == [None, None]
    made.scene.probe.served = make_leaf(OTHER, SERVICE.hosts, START).certificate
    assert made.registrar.run() == 0.5
    made.scene.probe.served = LEAF.certificate
    assert made.registrar.run() == 60
    assert made.api.notes() == [
        "not registered yet: nobody answers: gpuclass:443: connection refused",
        "not registered yet: nobody answers: gpuclass:443: not trusted",
        "MutatingWebhookConfiguration: written",
        "ValidatingWebhookConfiguration: written",
    ]


def test_it_says_what_the_policy_calls_for_and_whose_it_is(running: Running) -> None:
    rendered = registration.render(policy(), ca_bundle="x", service=SERVICE)
    for found, wanted in zip(running.live(), rendered, strict=True):
        assert found
        entries = wanted["webhooks"]
        assert isinstance(entries, list)
        assert [each["name"] for each in found["webhooks"]] == [
            each["name"] for each in entries if isinstance(each, dict)
        ]
        assert found["metadata"]["ownerReferences"] == [
            {
                "apiVersion": "gpuclass.io/v1alpha1",
                "kind": "GPUPolicy",
                "name": "cluster",
                "uid": "u1",
            }
        ]
    assert bundles(running.scene.world().configurations.read()).every == (CA.certificate,)


def test_before_anything_is_known_nothing_is_done() -> None:
    made = Running()
    made.known = None
    assert made.registrar.run() == 0.5
    made.known, made.bundle = KNOWN, ()
    assert made.registrar.run() == 0.5
    assert made.api.writes == []


def test_what_is_as_it_should_be_is_not_written_again(running: Running) -> None:
    before = list(running.api.writes)
    assert running.registrar.run() == 60
    assert running.api.writes == before


@pytest.mark.parametrize("path", PATHS)
def test_an_edit_by_hand_is_repaired(running: Running, path: str) -> None:
    before = running.entry(path)
    edited = {**before, "clientConfig": {**before["clientConfig"], "caBundle": "eA=="}}
    running.api.put(path, {**running.api.objects[path], "webhooks": [edited]})
    running.registrar.run()
    assert running.entry(path) == before
    assert running.api.reasons()[2:] == ["RegistrationRepaired"]
    assert running.api.notes()[-1].endswith(": somebody else had changed it: written again")


def test_what_others_added_is_taken_away(running: Running) -> None:
    stranger = {**running.entry(MUTATING), "name": "stranger.example.com"}
    webhooks = running.api.objects[MUTATING]["webhooks"]
    running.api.put(MUTATING, {**running.api.objects[MUTATING], "webhooks": [stranger]})
    running.api.added[MUTATING] = {"webhooks": [*webhooks, stranger]}
    running.registrar.run()
    assert running.api.objects[MUTATING]["webhooks"] == webhooks
    assert running.api.writes[-2:] == [f"PATCH {MUTATING}"] * 2


@pytest.mark.parametrize("path", PATHS)
def test_a_deleted_one_comes_back_while_somebody_answers(running: Running, path: str) -> None:
    del running.api.objects[path]
    running.scene.probe.served = None
    assert running.registrar.run() == 0.5
    assert path not in running.api.objects
    running.scene.probe.served = LEAF.certificate
    assert running.registrar.run() == 60
    assert running.api.objects[path]


def test_it_follows_the_bundle_whether_or_not_somebody_answers(running: Running) -> None:
    running.bundle = (OTHER.certificate, CA.certificate)
    running.scene.probe.served = None
    assert running.registrar.run() == 60
    found = running.scene.world().configurations.read()
    assert bundles(found).every == running.bundle
    assert set(running.api.reasons()) == {"Registered", "RegistrationChanged"}


def test_the_switch_takes_it_away_and_gives_it_back(running: Running) -> None:
    running.known = replace(KNOWN, settings=settings(mode="Off"))
    assert running.registrar.run() == 60
    assert running.live() == [None, None]
    assert running.api.writes[-2:] == [f"DELETE {VALIDATING}", f"DELETE {MUTATING}"]
    assert running.api.notes()[-1] == (
        "MutatingWebhookConfiguration: deleted: the GPUPolicy says mode: Off"
    )
    running.known = KNOWN
    running.registrar.run()
    assert all(running.live())


def test_a_pause_needs_no_policy_and_no_server(running: Running) -> None:
    running.scene.probe.served = None
    running.known = Known(settings=None, policy=None)
    paused: Object = {"metadata": {"annotations": {PAUSED_ANNOTATION: "yes"}}}
    running.api.put(NAMESPACE, paused)
    running.registrar.run()
    assert running.live() == [None, None]
    assert running.api.events[-1]["regarding"] == {
        "apiVersion": "v1",
        "kind": "Namespace",
        "name": "gpuclass-system",
    }


def test_without_a_good_policy_only_the_bundle_is_kept_in_step(running: Running) -> None:
    before = running.entry(MUTATING)
    running.known = replace(KNOWN, policy=None, faults=(REFUSED,))
    running.bundle = (OTHER.certificate,)
    fresh = Registrar(running.scene.world(), lambda: running.known, lambda: running.bundle)
    assert fresh.run() == 60
    after = running.entry(MUTATING)
    assert {**after, "clientConfig": {}} == {**before, "clientConfig": {}}
    assert after["clientConfig"]["caBundle"] != before["clientConfig"]["caBundle"]
    assert "resourceVersion" in running.api.objects[MUTATING]["metadata"]


def test_without_a_policy_and_a_registration_there_is_nothing_to_do() -> None:
    made = Running()
    made.known = replace(KNOWN, policy=None)
    assert made.registrar.run() == 0.5
    assert made.api.writes == []


def test_one_that_somebody_else_deleted_first_is_no_failure(running: Running) -> None:
    live = running.scene.world().configurations.read()
    configurations = running.scene.world().configurations
    found = live["MutatingWebhookConfiguration"]
    assert found
    configurations.delete(found)
    configurations.delete(found)
    running.api.broken[VALIDATING] = 500
    with pytest.raises(ApiFailed, match="broken"):
        configurations.delete({**found, "kind": "ValidatingWebhookConfiguration"})


@pytest.mark.parametrize("text", ["", "no base64", "eA=="])
def test_a_ca_bundle_that_can_not_be_read_trusts_nobody(text: str) -> None:
    entry = {"name": "a", "clientConfig": {"caBundle": text}}
    found = bundles({"MutatingWebhookConfiguration": {"webhooks": [entry]}})
    assert (found.any, found.every, found.entries) == ((), (), 1)


def test_a_bundle_is_written_as_it_is_read() -> None:
    both = (CA.certificate, OTHER.certificate)
    assert read_all(write_all(both)) == both
