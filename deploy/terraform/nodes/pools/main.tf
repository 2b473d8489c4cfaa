# Each local list holds the faults of one sort: where, what was found, what is right.
locals {
  key          = "^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$"
  value        = "^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$"
  gpu          = "^(all|[0-9]+|(GPU|MIG)-[0-9a-f-]+)$"
  effects      = ["NoSchedule", "PreferNoSchedule", "NoExecute"]
  propagations = ["None", "HostToContainer", "Bidirectional"]

  # What NodeRestriction lets a kubelet say of itself; told another label, it exits and never joins.
  reserved = "^([^/]+[.])?(kubernetes|k8s)[.]io/"
  allowed  = "^(([^/]+[.])?(kubelet|node)[.]kubernetes[.]io/|topology[.]kubernetes[.]io/(region|zone)$|kubernetes[.]io/(arch|hostname|os)$)"

  pools = { for name, pool in var.pools : name => merge(pool, { type = coalesce(pool.type, name) }) }

  unknown_types = [
    for name, pool in local.pools :
    "pools[\"${name}\"].type: there is no GPUNodePool ${pool.type}; there are: ${join(", ", sort(keys(var.types)))}. Name one of these, or commit that pool first (pools_folder)."
    if !contains(keys(var.types), pool.type)
  ]

  wrong_counts = [
    for name, pool in local.pools :
    "pools[\"${name}\"].count: ${pool.count} is no number of nodes: give a whole number from 0 to 100."
    if pool.count < 0 || pool.count > 100 || floor(pool.count) != pool.count
  ]

  unknown_gpus = flatten([
    for name, pool in local.pools : [
      for gpu in pool.gpus :
      "pools[\"${name}\"].gpus: \"${gpu}\" is no GPU of the host: give [\"all\"], or numbers and UUIDs as `nvidia-smi -L` lists them."
      if !can(regex(local.gpu, gpu))
    ]
  ])

  # Every node offers what it sees: the scheduler would count a shared GPU twice.
  given = flatten([
    for name, pool in local.pools : [
      for gpu in pool.gpus : [for _ in range(try(max(pool.count, 0), 0)) : gpu]
    ]
  ])
  shared_gpus = length(distinct(local.given)) == length(local.given) && (length(local.given) < 2 || !contains(local.given, "all")) ? [] : [
    "pools: GPUs of the host go to more than one node (${join("; ", [
      for name, pool in local.pools : "${name}: ${join(", ", pool.gpus)} to ${pool.count}" if length(pool.gpus) > 0 && pool.count > 0
    ])}), and each node would offer them as its own: give a GPU to one pool of count 1."
  ]

  refused_labels = flatten([
    for name, pool in local.pools : [
      for key in keys(pool.labels) :
      "pools[\"${name}\"].labels: no kubelet can set the label \"${key}\", its node would never join: take a key outside kubernetes.io and k8s.io, such as example.com/tier."
      if !can(regex(local.key, key)) || (can(regex(local.reserved, key)) && !can(regex(local.allowed, key)))
    ]
  ])

  contradicting_labels = flatten([
    for name, pool in local.pools : [
      for key, value in pool.labels :
      "pools[\"${name}\"].labels: ${key} is \"${value}\" here and \"${var.types[pool.type].labels[key]}\" in the GPUNodePool ${pool.type}, which wins: leave it out."
      if try(var.types[pool.type].labels[key] != value, false)
    ]
  ])

  wrong_values = flatten([
    for name, pool in local.pools : [
      for key, value in pool.labels :
      "pools[\"${name}\"].labels: \"${value}\" is no value for the label ${key}: take at most 63 letters, digits, '-', '_' and '.', with a letter or digit at both ends."
      if !can(regex(local.value, value))
    ]
  ])

  wrong_taints = flatten([
    for name, pool in local.pools : [
      for taint in pool.taints :
      "pools[\"${name}\"].taints: ${taint.key}=${taint.value}:${taint.effect} is no taint: key and value are written as those of a label, and the effect is one of ${join(", ", local.effects)}."
      if !can(regex(local.key, taint.key)) || !can(regex(local.value, taint.value)) || !contains(local.effects, taint.effect)
    ]
  ])

  repeated_taints = flatten([
    for name, pool in local.pools : [
      for taint in pool.taints :
      "pools[\"${name}\"].taints: the GPUNodePool ${pool.type} has a taint ${taint.key} with effect ${taint.effect} already, and a node has one of each: leave it out, or change the GPUNodePool."
      if contains(try([for own in var.types[pool.type].taints : "${own.key}:${own.effect}"], []), "${taint.key}:${taint.effect}")
    ]
  ])

  relative_mounts = flatten([
    for name, pool in local.pools : [
      for mount in pool.extra_mounts :
      "pools[\"${name}\"].extra_mounts: \"${mount.host_path}\" to \"${mount.container_path}\" does not say where: write both paths from the root, such as /usr/local/nvidia."
      if !startswith(mount.host_path, "/") || !startswith(mount.container_path, "/")
    ]
  ])

  repeated_mounts = [
    for name, pool in local.pools :
    "pools[\"${name}\"].extra_mounts: ${join(", ", [for path, times in local.paths[name] : path if length(times) > 1])} is mounted more than once: keep one."
    if anytrue([for times in local.paths[name] : length(times) > 1])
  ]
  paths = { for name, pool in local.pools : name => { for mount in pool.extra_mounts : mount.container_path => mount... } }

  unknown_propagations = flatten([
    for name, pool in local.pools : [
      for mount in pool.extra_mounts :
      "pools[\"${name}\"].extra_mounts: kind knows no propagation \"${mount.propagation}\": give one of ${join(", ", local.propagations)}, or leave it out."
      if !contains(local.propagations, coalesce(mount.propagation, "None"))
    ]
  ])

  shared_ports = [
    for name, pool in local.pools :
    "pools[\"${name}\"].extra_port_mappings: ${pool.count} nodes can not have the same ports of the host: make it a pool of count 1."
    if length(pool.extra_port_mappings) > 0 && pool.count > 1
  ]
}

# What their nodes register with: the GPUNodePool's own wins.
locals {
  none = { labels = {}, taints = [] }
  said = { for name, pool in local.pools : name => merge(pool.labels, lookup(var.types, pool.type, local.none).labels) }
  registered = {
    for name, pool in local.pools : name => merge(pool, {
      labels = { for key, value in local.said[name] : key => value if !can(regex(local.reserved, key)) || can(regex(local.allowed, key)) }
      taints = concat(lookup(var.types, pool.type, local.none).taints, pool.taints)
    })
  }
}
