#!/usr/bin/env bash
# Runs inside a node's container (gpu-node add --gpus all): NVIDIA's container toolkit of version $1,
# and containerd told of its runtime `nvidia`. A node that has both is left as it is.
set -o errexit -o nounset -o pipefail
export DEBIAN_FRONTEND=noninteractive
list=/etc/apt/sources.list.d/nvidia-container-toolkit.list
key=/usr/share/keyrings/nvidia-container-toolkit.asc

if ! command -v nvidia-ctk >/dev/null; then
  curl --fail --silent --show-error --location --max-time 60 --output "$key" \
    https://nvidia.github.io/libnvidia-container/gpgkey
  # shellcheck disable=SC2016 # apt puts in the architecture
  printf 'deb [signed-by=%s] https://nvidia.github.io/libnvidia-container/stable/deb/$(ARCH) /\n' "$key" >"$list"
  apt-get update --quiet=2
  apt-get install --quiet=2 --yes --no-install-recommends "nvidia-container-toolkit=$1"
fi
if ! grep -q nvidia /etc/containerd/config.toml; then
  nvidia-ctk runtime configure --runtime=containerd --config-source=file
  systemctl restart containerd
fi
