# shellcheck shell=bash
# Sourced after run.sh: which cluster is meant, and that it is a kind cluster of this machine.

CONTEXT=
CLUSTER=
FORCE=
KUBE=()

target() { # settle on CONTEXT and CLUSTER; refuse what is no kind cluster
  step "find the cluster" "kind get clusters; kubectl config get-contexts"
  if [[ ! $CONTEXT ]]; then
    CONTEXT=$(query kind-gpuclass kubectl config current-context) ||
      fail "kubectl has no current context" "name one: --context kind-NAME, or make a cluster: $HERE/cluster"
  fi
  if [[ ! $CLUSTER ]]; then CLUSTER=${CONTEXT#kind-}; fi
  CONTROL_PLANE=$CLUSTER-control-plane
  # shellcheck disable=SC2034 # used by who sources this
  KUBE=(kubectl --context "$CONTEXT" --request-timeout 20s)
  if [[ $FORCE ]]; then return; fi
  [[ $CONTEXT == kind-* ]] ||
    fail "context $CONTEXT is no kind cluster's" "name one: --context kind-NAME; --force if you mean this one"
  is_here
}

is_here() { # the API server of the context is the container of that name: not just a like-named context
  local published server
  published=$(query 127.0.0.1:6443 docker port "$CONTROL_PLANE" 6443/tcp) ||
    fail "context $CONTEXT: no container $CONTROL_PLANE runs here" "docker ps --all; --force if the cluster is elsewhere"
  server=$(query https://127.0.0.1:6443 kubectl --context "$CONTEXT" config view --minify \
    --output 'jsonpath={.clusters[0].cluster.server}') ||
    fail "context $CONTEXT is not in the kubeconfig" "kind export kubeconfig --name $CLUSTER"
  [[ ${server##*:} == "${published##*:}" ]] ||
    fail "context $CONTEXT leads to $server, and $CONTROL_PLANE answers on $published" \
      "kind export kubeconfig --name $CLUSTER; --force if you mean the other"
}
