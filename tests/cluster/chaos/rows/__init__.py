"""A file a fault or two of a kind; ROWS has them in the order in which they are played and shown.

Those that ask for replicas of another make come last: replicas are replaced between such rows.
"""

from tests.cluster.chaos.row import Row
from tests.cluster.chaos.rows.apiserver import ApiServerRestart
from tests.cluster.chaos.rows.certificates import SpoiltCertificates
from tests.cluster.chaos.rows.clients import HostileClients
from tests.cluster.chaos.rows.clock import ClockJumps
from tests.cluster.chaos.rows.exhausted import NoDescriptors, NoDisk
from tests.cluster.chaos.rows.killed import ReplicaKilled, WorkerKilled
from tests.cluster.chaos.rows.outage import FailedOpen, Outage
from tests.cluster.chaos.rows.overload import Overload
from tests.cluster.chaos.rows.policies import Edits, SpoiltFiles
from tests.cluster.chaos.rows.rolling import Rolling
from tests.cluster.chaos.rows.rotation import Rotation
from tests.cluster.chaos.rows.watches import WatchesCut

ROWS: tuple[type[Row], ...] = (
    Rolling,
    WorkerKilled,
    ReplicaKilled,
    Rotation,
    SpoiltCertificates,
    Edits,
    HostileClients,
    WatchesCut,
    NoDescriptors,
    ApiServerRestart,
    Outage,
    FailedOpen,
    ClockJumps,
    NoDisk,
    SpoiltFiles,
    Overload,
)
