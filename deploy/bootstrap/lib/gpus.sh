# shellcheck shell=bash
# Sourced after container.sh: that a node's GPUs are seen, real ones or pretended ones.

RESOURCE=nvidia.com/gpu

prepare_gpus() { # NODE: real GPUs; the node's containerd needs NVIDIA's runtime besides the devices
  step "look for GPUs in $1" "docker run --rm --gpus all ubuntu nvidia-smi -L: does the host give them to containers?"
  run docker exec "$1" nvidia-smi -L
  step "give containerd in $1 NVIDIA's runtime" "docker exec -it $1 bash; docs/bootstrap.md, Real GPUs"
  run docker exec --interactive "$1" bash -s -- "$NVIDIA_TOOLKIT" <"$HERE/lib/nvidia-runtime.sh"
  await 60 "containerd in $1" has_containerd "$1"
}

pretend_gpus() { # NODE COUNT: a capacity in the Node's status, which kubelets keep
  step "pretend $2 GPUs on $1" "kubectl --context $CONTEXT describe node $1"
  run "${KUBE[@]}" patch node "$1" --subresource status --type merge \
    --patch "{\"status\":{\"capacity\":{\"$RESOURCE\":\"$2\"}}}"
}

allocatable() { # NODE
  query 1 "${KUBE[@]}" get node "$1" --output "jsonpath={.status.allocatable.nvidia\\.com/gpu}"
}

offers_gpus() {
  local found
  found=$(allocatable "$1") || return 1
  [[ $found =~ ^[1-9] ]]
}
