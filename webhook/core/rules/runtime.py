"""Rule `runtime`: a pod that asks for no GPU does not have one handed to it by the runtime.

On a node with NVIDIA's container runtime a container gets the devices that `NVIDIA_VISIBLE_DEVICES`
names, asked for or not: nobody counts them, and whoever got them by the device plug-in shares them
unawares. Found are
- `runtimeClassName: nvidia` (`nvidia-cdi`, `nvidia-legacy`), by which a pod gets that runtime;
- the variable, with any value but `none`, `void` and nothing, or with one from elsewhere.

What an image or `envFrom` brings is not seen: the node closes that (docs/security.md).

A warning, unless GPUPolicy `spec.rules` says otherwise.
"""

from collections.abc import Iterator

from webhook.core.decision import Violation
from webhook.core.names import NO_DEVICES, NVIDIA_RUNTIME_CLASSES, VISIBLE_DEVICES
from webhook.core.pod import EnvVar, Pod

NAME = "runtime"


def find(pod: Pod) -> tuple[Violation, ...]:
    """Find every field by which a pod that asks for no GPU could be handed one."""
    return tuple(
        Violation(
            rule=NAME,
            path=path,
            message=f"{what} hands GPUs to a pod that asks for none, and nobody counts them; drop "
            "it or ask for a GPU",
        )
        for path, what in (*_by_runtime_class(pod), *_by_variable(pod))
    )


def _by_runtime_class(pod: Pod) -> Iterator[tuple[str, str]]:
    name = pod.spec.runtime_class_name
    if name in NVIDIA_RUNTIME_CLASSES:
        yield "spec.runtimeClassName", name


def _by_variable(pod: Pod) -> Iterator[tuple[str, str]]:
    for place, container in pod.containers():
        for index, variable in enumerate(container.env or ()):
            if variable.name == VISIBLE_DEVICES and _gives_devices(variable):
                yield f"{place}.env[{index}]", _written(variable)


def _gives_devices(variable: EnvVar) -> bool:
    return variable.value_from is not None or (variable.value or "") not in NO_DEVICES


def _written(variable: EnvVar) -> str:
    return f"{variable.name}={variable.value}" if variable.value else variable.name
