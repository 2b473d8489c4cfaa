# What nodes come of what pools: `tofu test` in the folder above. Only plans: there is no provider.
run "without_pools_there_is_a_control_plane_and_a_worker" {
  command = plan

  variables {
    cluster_name = "gpu"
  }

  assert {
    condition     = [for node in output.nodes : "${node.name} ${node.role}"] == ["gpu-control-plane control-plane", "gpu-worker worker"]
    error_message = "the two-node cluster of the guide"
  }

  assert {
    condition     = flatten([for node in output.nodes : concat(node.kubeadm_config_patches, node.extra_mounts, node.extra_port_mappings)]) == []
    error_message = "nodes without GPUs are kind's own"
  }
}

run "the_types_are_the_pools_of_this_repository" {
  command = plan

  variables {
    cluster_name = "gpu"
  }

  assert {
    condition     = sort(keys(output.types)) == sort(["development", "production", "training", "worker"])
    error_message = "the GPUNodePools of policies/pools, and nothing else in that folder"
  }
}

run "nodes_are_named_as_kind_names_them_in_the_order_of_the_pools" {
  command = plan

  variables {
    cluster_name   = "gpu"
    control_planes = 3
    workers        = 2
    pools = {
      training  = { count = 2 }
      inference = { type = "production" }
      paused    = { type = "worker", count = 0 }
    }
  }

  assert {
    condition = [for node in output.nodes : "${node.name} ${node.type == null ? "-" : node.type}"] == [
      "gpu-control-plane -", "gpu-control-plane2 -", "gpu-control-plane3 -",
      "gpu-worker -", "gpu-worker2 -",
      "gpu-worker3 production", "gpu-worker4 training", "gpu-worker5 training",
    ]
    error_message = "control planes, workers, then pools by name; a pool of count 0 has no node"
  }
}

run "labels_and_taints_are_there_at_registration" {
  command = plan

  variables {
    cluster_name = "gpu"
    pools = {
      training = {
        labels = { "example.com/tier" = "spare", "topology.kubernetes.io/zone" = "b" }
        taints = [{ key = "example.com/spot", effect = "NoExecute" }]
      }
    }
  }

  assert {
    condition = yamldecode(output.nodes[2].kubeadm_config_patches[0]) == {
      kind = "JoinConfiguration"
      nodeRegistration = {
        kubeletExtraArgs = {
          node-labels = "example.com/tier=spare,gpu-type=training,node-role=gpu-training,nvidia.com/gpu.present=true,topology.kubernetes.io/zone=b"
        }
        taints = [
          { key = "nvidia.com/gpu", value = "present", effect = "NoSchedule" },
          { key = "gpu-type", value = "training", effect = "NoSchedule" },
          { key = "example.com/spot", value = "", effect = "NoExecute" },
        ]
      }
    }
    error_message = "the pool's own, and what is added here"
  }
}

run "mounts_and_gpus" {
  command = plan

  variables {
    cluster_name = "gpu"
    pools = {
      inference = {
        type = "production"
        gpus = ["0", "GPU-5d5ba0d6"]
        extra_mounts = [
          { host_path = "/usr/local/nvidia", container_path = "/usr/local/nvidia", read_only = true, propagation = "None" },
        ]
        extra_port_mappings = [{ container_port = 30080, host_port = 8080 }]
        image               = "kindest/node:v1.35.0"
      }
    }
  }

  assert {
    condition = [for mount in output.nodes[2].extra_mounts : "${mount.host_path} ${mount.container_path} ${mount.read_only}"] == [
      "/usr/local/nvidia /usr/local/nvidia true",
      "/dev/null /var/run/nvidia-container-devices/0 false",
      "/dev/null /var/run/nvidia-container-devices/GPU-5d5ba0d6 false",
    ]
    error_message = "read_only arrives, and each GPU is asked for by a mount"
  }

  assert {
    condition     = output.nodes[2].extra_port_mappings[0].host_port == 8080 && output.nodes[2].image == "kindest/node:v1.35.0"
    error_message = "ports and image"
  }
}

run "further_patches_are_for_every_node_and_come_last" {
  command = plan

  variables {
    cluster_name           = "gpu"
    pools                  = { worker = {} }
    kubeadm_config_patches = ["kind: KubeletConfiguration\nfailCgroupV1: false\n"]
  }

  assert {
    condition     = [for node in output.nodes : [for patch in node.kubeadm_config_patches : yamldecode(patch).kind]] == [["KubeletConfiguration"], ["KubeletConfiguration"], ["JoinConfiguration", "KubeletConfiguration"]]
    error_message = "a host with cgroup v1 needs one on each"
  }
}

run "a_spot_pool_of_your_own_is_a_file" {
  command = plan

  variables {
    cluster_name = "gpu"
    pools_folder = "tests/pools"
    pools        = { spot = {} }
  }

  assert {
    condition     = sort(keys(output.types)) == sort(["h100", "spot"])
    error_message = "several documents of a file, and other kinds beside them"
  }

  assert {
    condition     = yamldecode(output.nodes[2].kubeadm_config_patches[0]).nodeRegistration.kubeletExtraArgs.node-labels == "example.com/capacity=spot,nvidia.com/gpu.present=true,topology.kubernetes.io/region=north"
    error_message = "the label that no kubelet may set is left to the controller of gpuclass"
  }

  assert {
    condition     = yamldecode(output.nodes[2].kubeadm_config_patches[0]).nodeRegistration.taints == [{ key = "example.com/spot", value = "", effect = "NoSchedule" }]
    error_message = "whether pods tolerate a taint is no business of the node's"
  }
}
