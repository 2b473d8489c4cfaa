# Option B: a kind cluster that is built with its GPU nodes.
#
# WARNING: the provider can not change a node list. Whatever changes below `kind_config` (a count, a
# label, a mount) REPLACES THE WHOLE CLUSTER, with everything that runs in it. To add a node to a
# cluster that lives, take Option A: deploy/bootstrap/gpu-node add.

module "nodes" {
  source = "./nodes"

  cluster_name           = var.cluster_name
  node_image             = var.node_image
  control_planes         = var.control_planes
  workers                = var.workers
  pools                  = var.pools
  pools_folder           = var.pools_folder
  kubeadm_config_patches = var.kubeadm_config_patches
}

resource "kind_cluster" "this" {
  name            = var.cluster_name
  node_image      = var.node_image
  wait_for_ready  = var.wait_for_ready
  kubeconfig_path = var.kubeconfig_path

  kind_config {
    kind        = "Cluster"
    api_version = "kind.x-k8s.io/v1alpha4"

    dynamic "node" {
      for_each = module.nodes.nodes

      content {
        role                   = node.value.role
        image                  = node.value.image
        kubeadm_config_patches = node.value.kubeadm_config_patches

        dynamic "extra_mounts" {
          for_each = node.value.extra_mounts

          content {
            host_path       = extra_mounts.value.host_path
            container_path  = extra_mounts.value.container_path
            read_only       = extra_mounts.value.read_only
            propagation     = extra_mounts.value.propagation
            selinux_relabel = extra_mounts.value.selinux_relabel
          }
        }

        dynamic "extra_port_mappings" {
          for_each = node.value.extra_port_mappings

          content {
            container_port = extra_port_mappings.value.container_port
            host_port      = extra_port_mappings.value.host_port
            listen_address = extra_port_mappings.value.listen_address
            protocol       = extra_port_mappings.value.protocol
          }
        }
      }
    }
  }
}
