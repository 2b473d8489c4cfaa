output "nodes" {
  description = "The nodes in the order in which kind makes them, with the names that it gives them."
  value       = local.nodes

  precondition {
    condition     = length(local.unreadable) == 0
    error_message = "pools_folder: ${join(", ", distinct(local.unreadable))} of ${local.folder} can not be read as YAML: `gpuclass lint` says where and why."
  }

  precondition {
    condition     = length(local.types) > 0
    error_message = "pools_folder: ${local.folder} holds no GPUNodePool (*.yaml): name the folder that has your pools, such as policies/pools."
  }

  precondition {
    condition     = length(module.pools.faults) == 0
    error_message = join("\n", module.pools.faults)
  }
}

output "types" {
  description = "The GPUNodePools that were read: labels and taints by name."
  value       = local.types
}
