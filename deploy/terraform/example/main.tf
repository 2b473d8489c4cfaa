# The guide's cluster, with GPU nodes of three types. `tofu init && tofu apply`, then
# deploy/bootstrap/argocd. CHANGING ANYTHING HERE LATER REPLACES THE WHOLE CLUSTER.
terraform {
  required_version = ">= 1.9"
}

module "cluster" {
  # From another repository:
  # source = "git::https://github.com/your-org/gpuclass.git//deploy/terraform?ref=v0.1.0"
  source = "../"

  cluster_name = "gpu"
  workers      = 1

  pools = {
    # The name is the type where no other is given: a GPUNodePool of policies/pools.
    development = { count = 1 }
    training    = { count = 2 }
    inference = {
      type = "production"
      # The host's first GPU, by NVIDIA's container runtime.
      gpus = ["0"]
      extra_mounts = [
        { host_path = "/usr/local/nvidia", container_path = "/usr/local/nvidia", read_only = true },
      ]
    }
  }
}

output "nodes" {
  description = "The nodes, with the names that kind gives them."
  value       = module.cluster.nodes
}

output "adding_nodes" {
  description = "How a node is added without replacing the cluster."
  value       = module.cluster.adding_nodes
}
