output "nodes" {
  description = "The nodes, with the names that kind gives them, their labels and their taints."
  value = {
    for node in module.nodes.nodes : node.name => { role = node.role, type = node.type, labels = node.labels, taints = node.taints }
  }
}

output "context" {
  description = "The context of the cluster: kubectl --context \"$(tofu output -raw context)\" get nodes."
  value       = "kind-${kind_cluster.this.name}"
}

output "kubeconfig_path" {
  description = "File that holds the kubeconfig."
  value       = kind_cluster.this.kubeconfig_path
}

output "endpoint" {
  description = "Address of the API server."
  value       = kind_cluster.this.endpoint
}

output "kubeconfig" {
  description = "The kubeconfig itself, with the administrator's key."
  value       = kind_cluster.this.kubeconfig
  sensitive   = true
}

output "adding_nodes" {
  description = "What to do instead of changing `pools` of a cluster that lives."
  value       = "A change of pools replaces this cluster. To add a node to it: deploy/bootstrap/gpu-node add NAME --type development|production|training|worker"
}
