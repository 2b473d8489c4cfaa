"""deploy/workloads as the tests see it: every workload, its class, and where its pods lie in it."""

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy" / "workloads"

POD = "spec.template"
NIGHTLY = "spec.jobTemplate.spec.template"
MEMBERS = tuple(f"spec.replicatedJobs[{number}].template.spec.template" for number in range(2))


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One workload: its file, kind and name, its class, and the GPUs of each of its templates."""

    file: str
    kind: str
    name: str
    gpu_class: str
    gpus: tuple[int, ...]
    templates: tuple[str, ...] = (POD,)


ROWS = (
    Row(file="batch.yaml", kind="CronJob", name="batch", gpu_class="training", gpus=(1,),
        templates=(NIGHTLY,)),
    Row(file="inference.yaml", kind="Deployment", name="inference", gpu_class="production",
        gpus=(1,)),
    Row(file="multi-node/jobset.yaml", kind="JobSet", name="multi-node", gpu_class="training",
        gpus=(0, 8), templates=MEMBERS),
    Row(file="notebook.yaml", kind="StatefulSet", name="notebook", gpu_class="development",
        gpus=(1,)),
    Row(file="training.yaml", kind="Job", name="training", gpu_class="training", gpus=(4,)),
)  # fmt: skip
