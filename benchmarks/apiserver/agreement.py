"""Every arm must give a pod what it is there to give, or there is nothing to compare."""

from collections.abc import Mapping

from benchmarks.agreement import difference, stamp_read
from benchmarks.apiserver import arms, pods
from benchmarks.apiserver.measure import Calls
from benchmarks.apiserver.situations import ARMS, GO, GPUCLASS, NATIVE, NOTHING, REFUSING, TWICE
from benchmarks.apiserver.stage import Stage
from benchmarks.errors import BenchmarkError
from benchmarks.samples import Object
from tests.cluster.api import ApiError, Json
from webhook.core.names import CLASS_LABEL

NATIVES_PART = ("affinity", "tolerations", "priorityClassName", "priority", "preemptionPolicy")
"""Fields of a spec that the native policy gives as gpuclass does; it writes no stamp."""

DENIED = "denied the request"

EACH_ITS_OWN = ("name", "namespace", "uid", "creationTimestamp", "managedFields")
"""Of the metadata of a pod."""

CallsOf = dict[str, dict[str, int]]
"""Calls of webhooks by pod and arm."""


def check(stage: Stage, counted: Calls) -> CallsOf:
    """Create each pod in each arm; raise BenchmarkError with the place of a difference.

    Gives how many calls each creation took.
    """
    found: CallsOf = {}
    for folder, named in pods.bodies().items():
        for name, pod in named.items():
            made, calls = {}, {}
            for arm in ARMS:
                made[arm] = _made(stage, arm, pod)
                calls[arm] = counted.since(arm)
            compare(folder, name, made)
            found[name] = calls
    return found


def _made(stage: Stage, arm: str, pod: Object) -> Json | None:
    """Give the pod as it is in the end, None where it is refused."""
    path = f"/api/v1/namespaces/{arms.NAMESPACES[arm]}/pods?dryRun=All"
    try:
        made = stage.control_plane.api.request("POST", path, pod)
    except ApiError as error:
        if DENIED not in str(error):
            raise BenchmarkError(f"{arm}: {error}") from error
        return None
    for field in EACH_ITS_OWN:
        made["metadata"].pop(field, None)
    return made


def compare(folder: str, name: str, made: Mapping[str, Json | None]) -> None:
    """Compare what the arms made of one pod."""
    if folder == pods.REFUSED:
        _compare_refusals(name, made)
        return
    allowed = {arm: pod for arm, pod in made.items() if pod is not None}
    if refused := made.keys() - allowed.keys():
        raise BenchmarkError(f"pod {name}: refused by {', '.join(sorted(refused))}")
    if folder == pods.CPU:
        for arm in ARMS:
            _same(name, (NOTHING, allowed[NOTHING]), (arm, allowed[arm]))
        return
    if CLASS_LABEL in allowed[NOTHING]["metadata"].get("labels", {}):
        raise BenchmarkError(f"pod {name}: somebody gave it a class without a webhook")
    expected = (GPUCLASS, _read(allowed[GPUCLASS]))
    for arm in (TWICE, GO):
        _same(name, expected, (arm, _read(allowed[arm])))
    part = (GPUCLASS, _natives_part(allowed[GPUCLASS]))
    _same(name, part, (NATIVE, _natives_part(allowed[NATIVE])))


def _compare_refusals(name: str, made: Mapping[str, Json | None]) -> None:
    for arm, pod in made.items():
        if (pod is None) != (arm in REFUSING):
            verb = "refused" if pod is None else "let in"
            raise BenchmarkError(f"pod {name}: {verb} by {arm}")


def _same(name: str, one: tuple[str, Json], other: tuple[str, Json]) -> None:
    if one[1] != other[1]:
        place = difference(one[1], other[1])
        raise BenchmarkError(f"{other[0]} and {one[0]} differ about pod {name} at {place}")


def _read(pod: Json) -> Json:
    read = stamp_read(pod)
    if not isinstance(read, dict):
        raise BenchmarkError("a pod is an object")
    return read


def _natives_part(pod: Json) -> Json:
    spec = {key: value for key, value in pod["spec"].items() if key in NATIVES_PART}
    return {"spec": spec, "metadata": {"label": pod["metadata"]["labels"].get(CLASS_LABEL)}}
