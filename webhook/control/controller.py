"""The controller as a process: one of its replicas leads, the others wait for the lease.

This is the one place that puts the parts together. What the leader does are duties (`duty`); a
further one is added to the list in `_duties`.
"""

import logging
import signal
import socket
import sys
import threading
import uuid
from collections.abc import Sequence

from webhook.control.api import ClusterApi
from webhook.control.auditor import Auditor
from webhook.control.conditions import State
from webhook.control.configurations import Configurations
from webhook.control.documents import Documents, Known
from webhook.control.duty import Duty, Loop
from webhook.control.events import Events
from webhook.control.health import Health
from webhook.control.keeper import Keeper
from webhook.control.leader import Election, LeaseLost
from webhook.control.leases import ClusterLeases
from webhook.control.marker import Claiming, Marker
from webhook.control.metrics import Metrics
from webhook.control.probe import Probe
from webhook.control.registration import Registrar
from webhook.control.reporter import Reporter
from webhook.control.secrets import Secrets
from webhook.control.settings import Settings
from webhook.control.watches import Bells, InventoryWatch, ObjectWatch
from webhook.control.world import World
from webhook.core import registration
from webhook.core.audit.inventory import Inventory
from webhook.core.policy.policy import Policy
from webhook.core.policy.sound import compile_sound
from webhook.process import logs, plain, sockets
from webhook.process.logs import ROOT, fields
from webhook.process.probes import probes
from webhook.process.settings import Address
from webhook.watch import census
from webhook.watch.cluster import ClusterWatch, Knowledge
from webhook.watch.connection import Client, connect
from webhook.watch.listing import Listing
from webhook.watch.objects import DEVICE_CLASSES, DOCUMENTS

END_SECONDS = 10.0
"""What a duty has to come to its end, before the lease is left to run out."""

_log = logging.getLogger(f"{ROOT}.controller")


class Controller:
    """One replica."""

    def __init__(self, settings: Settings, client: Client) -> None:
        """Take a connection; nothing is asked before `run`."""
        api = ClusterApi(client, settings.request_seconds)
        identity = f"{socket.gethostname()}_{uuid.uuid4()}"
        self._settings = settings
        self._ending = threading.Event()
        self._election = Election(ClusterLeases(api, settings.namespace), identity, settings.times)
        self._world = _world(settings, api, identity)
        self._loops: tuple[Loop, ...] = ()
        self._objects = ObjectWatch(client, self._ring)
        self._bells = Bells(client, settings.namespace, self._ring)
        self._inventory = InventoryWatch(client, self._ring_beside)
        self._documents = Documents(self._objects.policies)
        self._listing = Listing(client)
        self._watch = ClusterWatch(client, self._tell, (*DOCUMENTS, DEVICE_CLASSES))
        self._health = Health(self._election, lambda: self._documents.current() is not None)

    def run(self) -> int:
        """Run until a signal ends it or the lease is lost; give the exit code."""
        (listening,) = sockets.listen([self._settings.metrics_bind])
        plain.serve(probes(self._health, self._world.metrics.render), listening)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._end())
        self._objects.start()
        self._watch.start()
        try:
            return self._campaign()
        finally:
            for each in (self._objects, self._watch, self._bells, self._inventory):
                each.stop()

    def _campaign(self) -> int:
        """Wait for the lease, and lead."""
        _log.info("waiting for the lease", extra=fields(identity=self._election.identity))
        if not self._election.campaign(self._ending):
            return 0
        return self._lead()

    def _lead(self) -> int:
        """Do the leader's duties until the end, or until the lease is lost."""
        _log.info("leading", extra=fields(identity=self._election.identity))
        self._world.metrics.leading.set(1)
        self._loops = tuple(
            Loop(duties, self._election.is_leader, self._world.metrics) for duties in self._duties()
        )
        self._bells.start()
        self._inventory.start()
        threads = [threading.Thread(target=each.run, daemon=True) for each in self._loops]
        for thread in threads:
            thread.start()
        try:
            self._election.hold(self._ending)
        except LeaseLost as lost:
            for loop in self._loops:
                loop.end()
            _log.error("no longer leading", extra=fields(fault=str(lost)))  # it says all
            return 1
        return self._resign(threads)

    def _duties(self) -> Sequence[Sequence[Duty]]:
        """Give the duties: those of one loop run in their order, loops beside each other.

        Registration comes first, since its emergency switches wait for nothing. Nodes and status
        are apart: they look at every node. The audit is last: it takes the longest, and goes by the
        clock.
        """
        keeper = Keeper(self._world, self._settings.lives, self._settings.certificates)
        registrar = Registrar(self._world, self._documents.current, lambda: keeper.bundle)
        reporter = Reporter(self._world, self._objects.objects, self._state)
        marker = Marker(
            self._world, self._inventory.machines, self._claiming, self._election.is_leader
        )
        return [[registrar, keeper], [marker], [reporter], [self._auditor()]]

    def _claiming(self) -> Claiming | None:
        known, objects = self._documents.current(), self._objects.objects()
        if known is None or objects is None:
            return None
        policy = _in_force(known)
        return Claiming(policy=policy if known.settings else None, objects=objects)

    def _auditor(self) -> Auditor:
        return Auditor(
            self._look,
            self._world.metrics,
            self._settings.audit_every,
            lambda: not self._ending.is_set() and self._election.is_leader(),
        )

    def _look(self) -> tuple[Policy, Inventory] | None:
        known = self._documents.current()
        policy = _in_force(known) if known else None
        return (policy, census.take(self._listing)) if policy else None

    def _state(self) -> State | None:
        known, inventory = self._documents.current(), self._inventory.inventory()
        if known is None or inventory is None:
            return None
        return State(
            documents=known.documents,
            faults=known.faults,
            policy=_in_force(known),
            inventory=inventory,
        )

    def _resign(self, threads: Sequence[threading.Thread]) -> int:
        """End the duties, and only then let another replica begin."""
        for loop in self._loops:
            loop.end()
        for thread in threads:
            thread.join(END_SECONDS / len(threads))
        if any(thread.is_alive() for thread in threads):
            _log.warning("a duty does not end: the lease is left to run out")
            return 0
        self._election.release()
        _log.info("lease released")
        return 0

    def _ring(self) -> None:
        for loop in self._loops:
            loop.ring()

    def _ring_beside(self) -> None:
        """Ring for nodes and pods; neither the first loop nor the audit goes by them."""
        for loop in self._loops[1:-1]:
            loop.ring()

    def _tell(self, knowledge: Knowledge) -> None:
        self._documents.tell(knowledge)
        self._ring()

    def _end(self) -> None:
        self._health.is_ending = True
        self._ending.set()


def run(settings: Settings) -> int:
    """Run a replica until a signal ends it; give the exit code.

    Raises before that what the operator has to mend: OperatorError (kubeconfig, address).
    """
    client = connect(settings.kubeconfig)
    writer = logs.LineWriter(sys.stderr.fileno())
    logs.configure(settings.log_level, settings.log_format, writer)
    return Controller(settings, client).run()


def _in_force(known: Known) -> Policy | None:
    """Give the policy, at a cold start that of the documents which go together."""
    return known.policy or compile_sound(known.documents)


def _world(settings: Settings, api: ClusterApi, identity: str) -> World:
    service = registration.Service(namespace=settings.namespace, port=settings.service_port)
    names = service.hosts
    metrics = Metrics()
    address = settings.server or Address(host=names[0], port=service.port)
    return World(
        api=api,
        service=service,
        secrets=Secrets(api, settings.namespace, names),
        configurations=Configurations(api),
        probe=Probe(address, names[0]),
        events=Events(api, metrics, identity),
        metrics=metrics,
    )
