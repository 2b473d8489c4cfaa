# What the nodes of a cluster are: values in, values out, no provider. `kind_cluster` is built from it.
locals {
  attributes = ["count", "extra_mounts", "extra_port_mappings", "gpus", "image", "labels", "taints", "type"]
  nested = {
    extra_mounts        = ["container_path", "host_path", "propagation", "read_only", "selinux_relabel"]
    extra_port_mappings = ["container_port", "host_port", "listen_address", "protocol"]
    taints              = ["effect", "key", "value"]
  }

  # The GPUNodePools from Git are the one place that says what labels and taints a type has.
  folder = coalesce(var.pools_folder, "${path.module}/../../../policies/pools")
  texts = flatten([
    for file in sort(fileset(local.folder, "*.{yaml,yml}")) : [
      for text in split("\n---", "\n${file("${local.folder}/${file}")}") : { file = file, text = text }
      if can(regex("(?m)^\\s*[^#\\s]", text))
    ]
  ])
  unreadable = [for each in local.texts : each.file if !can(yamldecode(each.text))]
  documents  = [for each in local.texts : yamldecode(each.text) if can(yamldecode(each.text))]
  types = {
    for each in local.documents : each.metadata.name => {
      labels = merge(each.spec.selector, try(each.spec.labels, {}))
      taints = [for taint in try(each.spec.taints, []) : { key = taint.key, value = try(taint.value, ""), effect = taint.effect }]
    } if try(each.kind, "") == "GPUNodePool"
  }
}

module "pools" {
  source = "./pools"

  types = local.types
  pools = var.pools
}

locals {
  control_planes = [for number in range(var.control_planes) : merge(local.bare, { role = "control-plane" })]
  workers        = [for number in range(var.workers) : merge(local.bare, { role = "worker" })]
  gpu_nodes = flatten([
    for name, pool in module.pools.pools : [for number in range(try(max(floor(pool.count), 0), 0)) : local.gpu_node[name]]
  ])

  bare = {
    role                   = "worker"
    type                   = null
    image                  = null
    labels                 = {}
    taints                 = []
    kubeadm_config_patches = var.kubeadm_config_patches
    extra_mounts           = []
    extra_port_mappings    = []
  }

  # No apiVersion: a patch that names one is skipped, silently, where kind writes another.
  patches = {
    for name, pool in module.pools.pools : name => yamlencode({
      kind = "JoinConfiguration"
      nodeRegistration = {
        kubeletExtraArgs = { node-labels = join(",", [for key, value in pool.labels : "${key}=${value}"]) }
        taints           = pool.taints
      }
    })
  }

  gpu_node = {
    for name, pool in module.pools.pools : name => {
      role                   = "worker"
      type                   = pool.type
      image                  = pool.image
      labels                 = pool.labels
      taints                 = pool.taints
      kubeadm_config_patches = concat([local.patches[name]], var.kubeadm_config_patches)
      # What NVIDIA's runtime takes for a request for GPUs; kind has no --gpus.
      extra_mounts = concat(pool.extra_mounts, [
        for gpu in pool.gpus : {
          host_path       = "/dev/null"
          container_path  = "/var/run/nvidia-container-devices/${gpu}"
          read_only       = false
          propagation     = null
          selinux_relabel = null
        }
      ])
      extra_port_mappings = pool.extra_port_mappings
    }
  }

  # Named as kind names them: by role, the first without a number.
  nodes = concat(
    [for number, node in local.control_planes : merge(node, { name = "${var.cluster_name}-control-plane${number == 0 ? "" : number + 1}" })],
    [for number, node in concat(local.workers, local.gpu_nodes) : merge(node, { name = "${var.cluster_name}-worker${number == 0 ? "" : number + 1}" })],
  )
}
