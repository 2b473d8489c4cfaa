"""The reasons of our events: in `kubectl describe`, in the log, and as a label of metrics."""

from enum import StrEnum


class Reason(StrEnum):
    """What the controller did, or what it found amiss."""

    CA_CREATED = "CACreated"
    """A new CA was made."""
    CA_TRUST_CHANGED = "CATrustChanged"
    """The CAs that are trusted beside the signing one changed."""
    CERTIFICATE_SIGNED = "CertificateSigned"
    """A new leaf was signed."""
    WAITING_FOR_SERVER = "WaitingForServer"
    """Nothing is registered yet: nobody answers at the Service."""
    REGISTERED = "Registered"
    """A webhook configuration was written that was not there."""
    REGISTRATION_CHANGED = "RegistrationChanged"
    """A webhook configuration was brought into step with documents and certificates."""
    REGISTRATION_REPAIRED = "RegistrationRepaired"
    """Somebody else had changed a webhook configuration; it was written again."""
    REGISTRATION_REMOVED = "RegistrationRemoved"
    """A webhook configuration was deleted: a switch says so, or no policy calls for it."""
    NODES_MARKED = "NodesMarked"
    """Nodes got the labels and taints of their pool."""
    NODES_RELEASED = "NodesReleased"
    """What was set on nodes was taken away again."""
    NODE_CLAIMED_TWICE = "NodeClaimedTwice"
    """Two pools claim a node: neither marks it."""
    NODE_CONTESTED = "NodeContested"
    """What a pool declares does not stay on a node."""
    REFUSED = "Refused"
    """A document became Degraded: it is wrong."""
    WAITING = "Waiting"
    """A document became Degraded: it waits for others."""
    OTHER_DOCUMENTS_REFUSED = "OtherDocumentsRefused"
    """The GPUPolicy became Degraded: other documents are wrong."""
    PRIORITY_CLASS_MISSING = "PriorityClassMissing"
    """A class became Degraded: its PriorityClass is not there."""
    NODE_SILENT = "NodeSilent"
    """A GPUNode became Degraded: its kubelet is silent."""
    CLAIMED_TWICE = "ClaimedTwice"
    """A GPUNode became Degraded: a pool claims its node, too."""


CONTRARY = {
    Reason.REGISTERED: Reason.REGISTRATION_REMOVED,
    Reason.REGISTRATION_REMOVED: Reason.REGISTERED,
    Reason.NODES_MARKED: Reason.NODES_RELEASED,
    Reason.NODES_RELEASED: Reason.NODES_MARKED,
}
"""What undoes what: after the one, the other is news again."""
