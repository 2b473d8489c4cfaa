"""Events: about what, where, and how often."""

from datetime import timedelta

from tests.control.world import Scene
from webhook.control.api import Object
from webhook.control.events import Events
from webhook.control.metrics import Metrics
from webhook.control.reasons import Reason

POLICY: Object = {
    "apiVersion": "gpuclass.io/v1alpha1",
    "kind": "GPUPolicy",
    "metadata": {"name": "cluster", "uid": "u1", "labels": {}},
}


def test_an_event_says_who_did_what_about_which_object() -> None:
    scene = Scene()
    scene.world().events.say(POLICY, Reason.REGISTERED, "written")
    (found,) = scene.api.events
    assert found["metadata"].pop("name").startswith("cluster.")
    assert found == {
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        "metadata": {"namespace": "default"},
        "eventTime": "2027-01-01T00:00:00.000000Z",
        "reportingController": "gpuclass.io/controller",
        "reportingInstance": "test",
        "action": "Registered",
        "reason": "Registered",
        "regarding": {
            "apiVersion": "gpuclass.io/v1alpha1",
            "kind": "GPUPolicy",
            "name": "cluster",
            "uid": "u1",
        },
        "note": "written",
        "type": "Normal",
    }


def test_an_event_about_a_secret_is_beside_it() -> None:
    scene = Scene()
    world = scene.world()
    world.events.say(world.secrets.reference, Reason.CERTIFICATE_SIGNED, "x" * 2000, "Warning")
    (found,) = scene.api.events
    assert found["metadata"]["namespace"] == "gpuclass-system"
    assert found["type"] == "Warning"
    assert len(found["note"]) == 1024


def test_the_same_is_no_second_event_in_ten_seconds_but_a_line_and_a_count() -> None:
    scene = Scene()
    world = scene.world()
    for seconds in (0, 5, 4.9, 0.1):
        scene.clock.turn(timedelta(seconds=seconds))
        world.events.say(POLICY, Reason.REGISTERED, "written")
    assert len(scene.api.events) == 2
    text = world.metrics.render().decode()
    assert 'gpuclass_controller_steps_total{reason="Registered"} 4.0' in text


def test_off_and_on_again_are_events_however_soon() -> None:
    scene = Scene()
    events = scene.world().events
    said = (Reason.REGISTERED, Reason.REGISTRATION_REMOVED, Reason.REGISTERED, Reason.REGISTERED)
    for reason in said:
        for kind in ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"):
            events.say(POLICY, reason, f"{kind}: done")
    assert [each["reason"] for each in scene.api.events[::2]] == [
        "Registered",
        "RegistrationRemoved",
        "Registered",
    ]
    assert len(scene.api.events) == 6


def test_who_fights_over_two_objects_in_turn_makes_two_events() -> None:
    scene = Scene()
    events = scene.world().events
    for number in range(10):
        events.say(POLICY, Reason.REGISTRATION_REPAIRED, f"{number % 2}: written again")
    assert len(scene.api.events) == 2


def test_the_same_of_another_object_is_an_event_of_its_own() -> None:
    scene = Scene()
    events = scene.world().events
    for name in ("one", "two", "one"):
        about = {**POLICY, "metadata": {"name": name}}
        events.say(about, Reason.WAITING, "waits for other documents", "Warning")
    assert [each["regarding"]["name"] for each in scene.api.events] == ["one", "two"]


def test_an_event_that_can_not_be_written_holds_nothing_up() -> None:
    scene, metrics = Scene(), Metrics()
    path = "/apis/events.k8s.io/v1/namespaces/default/events"
    scene.api.broken[path] = 403
    Events(scene.api, metrics, "test").say(POLICY, Reason.REGISTERED, "written")
    assert 'gpuclass_controller_steps_total{reason="Registered"} 1.0' in metrics.render().decode()
