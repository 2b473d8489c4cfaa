"""Small sound documents as text, for tests to spoil."""

POOL = """\
apiVersion: gpuclass.io/v1alpha1
kind: GPUNodePool
metadata: {name: training}
spec:
  selector: {nvidia.com/gpu.present: "true", gpu-type: training}
  labels: {node-role: gpu-training}
  taints:
    - {key: nvidia.com/gpu, value: present, effect: NoSchedule}
    - {key: kubernetes.io/arch, value: arm64, effect: NoSchedule, tolerate: false}
  resources: [nvidia.com/gpu]
  claims:
    names: ["gpu-train-*"]
    matchLabels: {cloud.google.com/gke-accelerator: nvidia-h100-80gb}
"""

CLASS = """\
apiVersion: gpuclass.io/v1alpha1
kind: GPUClass
metadata:
  name: training
  labels: {team: ml}
  annotations: {argocd.argoproj.io/sync-wave: "-1"}
spec:
  pools:
    - {name: training, weight: 80}
    - name: development
  placement: Preferred
  priorityClassName: gpu-batch-priority
  allowedPriorityClassNames: [other]
  allowedNamespaces: ["team-*"]
"""

POLICY = """\
apiVersion: gpuclass.io/v1alpha1
kind: GPUPolicy
metadata: {name: cluster}
spec:
  mode: Warn
  defaultClass: training
  rules: {tolerations: "Off"}
  cpuPods: {onTarget: Warn}
  exempt: {namespaces: [kube-system]}
"""

PRIORITY = """\
apiVersion: scheduling.k8s.io/v1
kind: PriorityClass
metadata: {name: gpu-batch-priority}
value: 50
preemptionPolicy: Never
"""
