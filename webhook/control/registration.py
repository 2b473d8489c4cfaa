"""Keeps the two webhook configurations as the policy calls for, or away.

What they say is rendered by the core; when they may be there is decided here: `wish` is a pure
function, in the order of who wins. The registration is there only while somebody answers, and the
emergency switches come before everything that may be broken.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from cryptography.x509 import Certificate

from webhook.control.api import Object
from webhook.control.certificates import write_all
from webhook.control.configurations import Live, by_name, encode
from webhook.control.documents import Known
from webhook.control.reasons import Reason
from webhook.control.world import World
from webhook.core import registration
from webhook.core.names import PAUSED_ANNOTATION
from webhook.core.policy.choices import Mode
from webhook.core.policy.documents import GPUPolicy
from webhook.core.registration import Service

LONGEST_PAUSE, PROBING_PAUSE = 60.0, 0.5
"""Seconds until the next look: at what should be well, and for a server to answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """Both configurations are to be there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remove:
    """Both are to be away, and why."""

    why: str


Wish: TypeAlias = Register | Remove


def wish(known: Known, annotations: Mapping[str, str]) -> Wish:
    """Say whether the registration is to be there; `annotations` are the namespace's."""
    if annotations.get(PAUSED_ANNOTATION, "false").lower() != "false":
        return Remove(why=f"the namespace has the annotation {PAUSED_ANNOTATION}")
    settings = known.settings
    if settings is None:
        return Remove(why="there is no GPUPolicy")
    if "deletionTimestamp" in settings["metadata"]:
        return Remove(why="the GPUPolicy is being deleted")
    if (settings.get("spec") or {}).get("mode") == Mode.OFF:
        return Remove(why="the GPUPolicy says mode: Off")
    return Register()


def wanted(known: Known, bundle: bytes, service: Service, live: Live) -> dict[str, Object]:
    """Give both configurations as they are to be.

    Without a policy that could be prepared, what is live stays as it is, but for its caBundle.
    """
    text = encode(bundle)
    if known.policy is None:
        kept = {kind: each for kind, each in live.items() if each is not None}
        return {kind: _with_bundle(each, text) for kind, each in kept.items()}
    rendered = registration.render(known.policy, ca_bundle=text, service=service)
    return {str(each["kind"]): _owned(each, known.settings) for each in rendered}


class Registrar:
    """The duty of registration."""

    name = "registration"

    def __init__(
        self,
        world: World,
        documents: Callable[[], Known | None],
        bundle: Callable[[], tuple[Certificate, ...]],
    ) -> None:
        """Take what tells the documents (None: not known yet), and the CAs to trust."""
        self._world, self._documents, self._bundle = world, documents, bundle
        self._in_step: dict[str, tuple[Object, Object]] = {}
        self._fault = ""

    def run(self) -> float:
        """Do what is missing; give the seconds until another look is due."""
        known = self._documents()
        if known is None:
            return PROBING_PAUSE
        namespace = self._world.api.get(f"/api/v1/namespaces/{self._world.service.namespace}") or {}
        live = self._world.configurations.read()
        decision = wish(known, namespace.get("metadata", {}).get("annotations") or {})
        about = _policy(known.settings) if known.settings else self._namespace_reference()
        if isinstance(decision, Remove):
            return self._remove(live, about, decision.why)
        return self._register(known, live, about)

    def _remove(self, live: Live, about: Object, why: str) -> float:
        """Delete what is there, the validating one first: it refuses what was not mutated."""
        self._in_step.clear()
        self._world.metrics.registered.set(-1)
        for each in reversed([each for each in live.values() if each is not None]):
            self._world.configurations.delete(each)
            self._world.events.say(
                about, Reason.REGISTRATION_REMOVED, f"{each['kind']}: deleted: {why}"
            )
        return LONGEST_PAUSE

    def _register(self, known: Known, live: Live, about: Object) -> float:
        bundle = self._bundle()
        targets = wanted(known, write_all(bundle), self._world.service, live) if bundle else {}
        is_answered = all(live[kind] for kind in targets) or self._is_answered(about)
        due = {kind: each for kind, each in targets.items() if is_answered or live[kind]}
        for kind, target in due.items():
            self._bring_into_step(target, live[kind], about)
        is_whole = len(due) == len(live)
        self._world.metrics.registered.set(int(is_whole))
        return LONGEST_PAUSE if is_whole else PROBING_PAUSE

    def _is_answered(self, about: Object) -> bool:
        """Tell whether the API server would be answered; only then may it begin to ask."""
        fault = self._world.probe.ask(self._bundle()).fault
        if fault and fault != self._fault:
            note = f"not registered yet: nobody answers: {fault}"
            self._world.events.say(about, Reason.WAITING_FOR_SERVER, note)
        self._fault = fault
        return not fault

    def _bring_into_step(self, target: Object, found: Object | None, about: Object) -> None:
        kind = target["kind"]
        before = self._in_step.get(kind)
        if before and found and before == (target, _view(found)):
            return
        result = self._world.configurations.apply(target)
        self._in_step[kind] = (target, _view(result))
        reason, what = _story(before, target, found, result)
        if reason:
            self._world.events.say(about, reason, f"{kind}: {what}")

    def _namespace_reference(self) -> Object:
        metadata = {"name": self._world.service.namespace}
        return {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}


def _story(
    before: tuple[Object, Object] | None, target: Object, found: Object | None, result: Object
) -> tuple[Reason | None, str]:
    """Give the reason of an event and what happened; None where nothing was written."""
    if found is None:
        return Reason.REGISTERED, "written"
    if _view(found) == _view(result):
        return None, ""
    if before and before[0] == target:
        return Reason.REGISTRATION_REPAIRED, "somebody else had changed it: written again"
    return Reason.REGISTRATION_CHANGED, "brought into step with the documents and the certificates"


def _view(configuration: Object) -> Object:
    """Give what matters of a configuration."""
    metadata = configuration["metadata"]
    return {
        "webhooks": by_name(configuration),
        "labels": metadata.get("labels"),
        "owners": metadata.get("ownerReferences"),
    }


def _policy(settings: Object) -> Object:
    """Give what a reference to the GPUPolicy needs: objects of a list do not name their kind."""
    metadata = settings["metadata"]
    return {"apiVersion": GPUPolicy.API_VERSION, "kind": GPUPolicy.__name__, "metadata": metadata}


def _owned(rendered: Object, settings: Object | None) -> Object:
    """Let the garbage collector delete a configuration after its GPUPolicy: the backstop."""
    if settings is None:
        return rendered
    policy = _policy(settings)
    owner = {
        "apiVersion": policy["apiVersion"],
        "kind": policy["kind"],
        "name": policy["metadata"]["name"],
        "uid": policy["metadata"]["uid"],
    }
    return {**rendered, "metadata": {**rendered["metadata"], "ownerReferences": [owner]}}


def _with_bundle(configuration: Object, bundle: str) -> Object:
    metadata = configuration["metadata"]
    kept = ("name", "labels", "ownerReferences")
    entries = [
        {**entry, "clientConfig": {**entry["clientConfig"], "caBundle": bundle}}
        for entry in configuration.get("webhooks") or ()
    ]
    return {
        "apiVersion": configuration["apiVersion"],
        "kind": configuration["kind"],
        "metadata": {key: metadata[key] for key in kept if key in metadata},
        "webhooks": entries,
    }
