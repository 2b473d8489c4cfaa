output "pools" {
  description = "The pools with everything filled in, the labels and taints of their GPUNodePools too."
  value       = local.registered
}

output "faults" {
  description = "What is wrong with them, all of it."
  value = concat(
    local.unknown_types,
    local.wrong_counts,
    local.unknown_gpus,
    local.shared_gpus,
    local.refused_labels,
    local.contradicting_labels,
    local.wrong_values,
    local.wrong_taints,
    local.repeated_taints,
    local.relative_mounts,
    local.repeated_mounts,
    local.unknown_propagations,
    local.shared_ports,
  )
}
