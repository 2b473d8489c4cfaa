# What is refused, each by the check that it belongs to.
variables {
  cluster_name = "gpu"
}

run "a_name_that_no_node_can_have" {
  command = plan
  variables {
    cluster_name = "GPU_cluster"
  }
  expect_failures = [var.cluster_name]
}

run "an_image_that_is_none" {
  command = plan
  variables {
    node_image = "kindest/node:v1.35.0@sha256:short"
  }
  expect_failures = [var.node_image]
}

run "an_image_that_the_provider_can_not_bring_up" {
  command = plan
  variables {
    node_image = "kindest/node:v1.37.2"
  }
  expect_failures = [var.node_image]
}

run "two_control_planes" {
  command = plan
  variables {
    control_planes = 2
  }
  expect_failures = [var.control_planes]
}

run "nowhere_for_what_needs_no_gpu" {
  command = plan
  variables {
    workers = 0
  }
  expect_failures = [var.workers]
}

run "pools_that_are_a_list" {
  command = plan
  variables {
    pools = ["training"]
  }
  expect_failures = [var.pools]
}

run "a_misspelt_attribute" {
  command = plan
  variables {
    pools = { training = { counts = 2 } }
  }
  expect_failures = [var.pools]
}

run "the_guide_s_readonly" {
  command = plan
  variables {
    pools = { training = { extra_mounts = [{ host_path = "/a", container_path = "/a", readonly = true }] } }
  }
  expect_failures = [var.pools]
}

run "a_patch_that_is_no_document" {
  command = plan
  variables {
    kubeadm_config_patches = ["failCgroupV1=false"]
  }
  expect_failures = [var.kubeadm_config_patches]
}

run "a_patch_over_the_pools_own" {
  command = plan
  variables {
    kubeadm_config_patches = ["kind: JoinConfiguration\nnodeRegistration: {taints: []}\n"]
  }
  expect_failures = [var.kubeadm_config_patches]
}

run "a_folder_without_pools" {
  command = plan
  variables {
    pools_folder = "tests"
  }
  expect_failures = [output.nodes]
}

run "a_type_that_does_not_exist" {
  command = plan
  variables {
    pools = { trainin = {} }
  }
  expect_failures = [output.nodes]
}
