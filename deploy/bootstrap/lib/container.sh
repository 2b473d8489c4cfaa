# shellcheck shell=bash
# Sourced after target.sh: a node's container, made as kind makes those of its own workers. What kind
# sets depends on the host and the cluster; that part is read off the control plane's container.

LABEL_CLUSTER=io.x-k8s.kind.cluster
LABEL_ROLE=io.x-k8s.kind.role
LABEL_POOL=gpuclass.io/pool
LABEL_GPUS=gpuclass.io/gpus

# Templates of Docker. One flag a line: IPv6, remapped users, /dev/fuse of rootless Docker, btrfs and ZFS.
# shellcheck disable=SC2016
INHERITED='{{range $key, $value := .HostConfig.Sysctls}}--sysctl={{$key}}={{$value}}{{println}}{{end}}'
INHERITED+='{{with .HostConfig.UsernsMode}}--userns={{.}}{{println}}{{end}}'
INHERITED+='{{range .HostConfig.Devices}}--device={{.PathOnHost}}{{println}}{{end}}'
INHERITED+='{{range .Mounts}}{{if eq .Destination "/dev/mapper"}}--volume=/dev/mapper:/dev/mapper{{println}}{{end}}{{end}}'
ENVIRONMENT='{{range .Config.Env}}{{println .}}{{end}}'
INHERITED_VARIABLES='^(HTTPS?_PROXY|NO_PROXY|https?_proxy|no_proxy|KIND_DNS_SEARCH|KIND_EXPERIMENTAL_CONTAINERD_SNAPSHOTTER)=(.*)$'

of_control_plane() { # PLACEHOLDER TEMPLATE
  query "$1" docker inspect --format "$2" "$CONTROL_PLANE"
}

owner() { # NODE: `NODE:CLUSTER:POOL` of its container, parts empty that it does not say; nothing if none
  query '' docker ps --all --filter "name=^$1\$" \
    --format "{{.Names}}:{{.Label \"$LABEL_CLUSTER\"}}:{{.Label \"$LABEL_POOL\"}}"
}

start_container() { # NODE POOL GPUS
  local image network line
  local -a flags=()
  image=$(of_control_plane IMAGE-OF-THE-CONTROL-PLANE '{{.Config.Image}}')
  network=$(of_control_plane kind '{{.HostConfig.NetworkMode}}')
  while IFS= read -r line; do
    if [[ $line ]]; then flags+=("$line"); fi
  done < <(of_control_plane '' "$INHERITED")
  while IFS= read -r line; do
    if [[ $line =~ $INHERITED_VARIABLES ]]; then
      # By name only: the address of a proxy may hold a password.
      export "${BASH_REMATCH[1]}=${BASH_REMATCH[2]}"
      flags+=(--env "${BASH_REMATCH[1]}")
    fi
  done < <(of_control_plane '' "$ENVIRONMENT")
  if [[ $3 == all ]]; then flags+=(--gpus all); fi
  run docker run --detach --tty --name "$1" --hostname "$1" \
    --label "$LABEL_CLUSTER=$CLUSTER" --label "$LABEL_ROLE=worker" --label "$LABEL_POOL=$2" --label "$LABEL_GPUS=$3" \
    --privileged --security-opt seccomp=unconfined --security-opt apparmor=unconfined \
    --tmpfs /tmp --tmpfs /run --volume /var --volume /lib/modules:/lib/modules:ro \
    --init=false --cgroupns=private --restart=on-failure:1 --net "$network" \
    "${flags[@]}" "$image" >/dev/null
}

booted() { # NODE: an earlier `docker exec` would spoil the control groups that systemd sets up
  if [[ $DRY_RUN ]]; then
    show docker logs "$1"
  else
    docker logs "$1" 2>&1 | grep -E 'Reached target .*Multi-User System|detected cgroup v1' >/dev/null
  fi
}

has_containerd() { run docker exec "$1" systemctl is-active --quiet containerd; }
