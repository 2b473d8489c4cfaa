"""Names and keys that gpuclass reads or writes in a cluster: one place, no second copy."""

API_GROUP = "gpuclass.io"
API_VERSION = "v1alpha1"

POLICY_NAME = "cluster"
"""Of the one GPUPolicy."""

NAMESPACE = "gpuclass-system"
"""Where gpuclass runs, unless it is told otherwise."""

PAUSED_ANNOTATION = "gpuclass.io/paused"
"""On the namespace of gpuclass: while it is there, no webhook of ours is registered."""

CLASS_ANNOTATION = "gpu-class"
"""What a person writes: on a workload, a pod or (as its default) a namespace."""

MEMBER_ANNOTATION = "gpuclass.io/member"
"""On a pod of a workload of several templates: without a GPU it gets the class's priority only."""

CLASS_LABEL = "gpuclass.io/class"
"""Written on every pod that a class placed, for selectors and metrics. Where a new pod is judged it
says which class mutation chose; nothing else is decided by it."""

STAMP_ANNOTATION = "gpuclass.io/injected"
"""What was injected at CREATE, by which policy revision (JSON); see `rules.stamp`."""

MARKS_ANNOTATION = "gpuclass.io/marks"
"""On a node: which labels and taints were set for a pool (JSON); see `rules.node_marks`."""

ON_DELETE_ANNOTATION = "gpuclass.io/on-delete"
RELEASE = "Release"
"""On a GPUNodePool or GPUNode: deleting it takes away what was set on its nodes."""

MIRROR_ANNOTATION = "kubernetes.io/config.mirror"
"""The kubelet's mark on the API object of a static pod."""

NODE_SELECTOR_ANNOTATION = "scheduler.alpha.kubernetes.io/node-selector"
DEFAULT_TOLERATIONS_ANNOTATION = "scheduler.alpha.kubernetes.io/defaultTolerations"
TOLERATIONS_WHITELIST_ANNOTATION = "scheduler.alpha.kubernetes.io/tolerationsWhitelist"
"""On a namespace: what the admission plug-ins PodNodeSelector and PodTolerationRestriction add,
and which tolerations the latter lets pods have."""

NVIDIA_RUNTIME_CLASSES = frozenset({"nvidia", "nvidia-cdi", "nvidia-legacy"})
"""RuntimeClasses that NVIDIA's GPU operator makes: their runtime gives devices to containers."""

VISIBLE_DEVICES = "NVIDIA_VISIBLE_DEVICES"
"""The environment variable by which that runtime is told which devices; the plug-in sets it."""
NO_DEVICES = frozenset({"", "none", "void"})
"""Its values that give none (docs.nvidia.com, container toolkit)."""

SYSTEM_PREFIX = "system-"
"""Of the PriorityClasses of the cluster's own components."""

REQUESTED = ("cpu", "memory")
"""What a container that holds a GPU has to request beside it."""

NODES_GROUP = "system:nodes"
DAEMON_SET_CONTROLLER = "system:serviceaccount:kube-system:daemon-set-controller"

DEVICE_CLASS_RESOURCE_PREFIX = "deviceclass.resource.kubernetes.io/"
"""KEP-5004: the implicit extended resource name of a DeviceClass."""

DISCOVERY_DOMAINS = ("nvidia.com", "feature.node.kubernetes.io")
"""Domains whose labels node discovery writes, and takes away while it restarts."""

GENERIC_LABELS = frozenset(
    {
        "kubernetes.io/arch",
        "kubernetes.io/os",
        "topology.kubernetes.io/region",
        "topology.kubernetes.io/zone",
    }
)
"""Labels that nodes of every kind carry: a pool may declare them, but nobody is known by them."""

GPU_VENDOR_DOMAINS = frozenset(
    {"amd.com", "gpu.intel.com", "habana.ai", "npu.intel.com", "nvidia.com"}
)
"""Of those who make GPUs: a resource name under one that no policy lists is left alone; a label
under one is a pool's where nodes of the pool carry it, declared or not."""
