# shellcheck shell=bash
# Sourced after target.sh: what lets a node in. A token is made for one join, goes from kubeadm to the
# node through pipes (no variable, no argument, no output holds it) and is deleted after it.

TOKEN_LIFE=10m

description() { printf 'gpuclass: join of %s' "$1"; }

write_join_configuration() { # NODE POOL: into the node, where its token has made it through three pipes
  run_piped \
    docker exec "$CONTROL_PLANE" kubeadm token create --ttl "$TOKEN_LIFE" --description "$(description "$1")" \
    --print-join-command '|' \
    gpuclass join-config "$2" --policies "$POLICIES" --node "$1" --kind "$CLUSTER" --discovery - '|' \
    docker exec --interactive "$1" sh -c 'umask 077 && cat >/kind/kubeadm.conf'
}

without_tokens() { sed -E 's/[a-z0-9]{6}\.[a-z0-9]{16}/(token)/g'; }

delete_tokens() { # NODE: those of this join, and what a killed one left
  local names secret template
  # The Secrets' names, found by the description that they were made with; never the tokens.
  template='{{range .items}}{{if .data.description}}{{if eq (base64decode .data.description) "'$(description "$1")'"}}'
  template+='{{.metadata.name}}{{"\n"}}{{end}}{{end}}{{end}}'
  names=$(query bootstrap-token-ID "${KUBE[@]}" --namespace kube-system get secrets \
    --field-selector type=bootstrap.kubernetes.io/token --output "go-template=$template")
  for secret in $names; do
    run "${KUBE[@]}" --namespace kube-system delete secret "$secret" --ignore-not-found
  done
}
