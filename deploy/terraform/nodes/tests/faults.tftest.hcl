# Every fault of pools, word for word, and all of them at once.
variables {
  types = {
    production = {
      labels = { gpu-type = "production" }
      taints = [{ key = "gpu-type", value = "production", effect = "NoSchedule" }]
    }
    training = { labels = {}, taints = [] }
  }
}

run "there_are_none" {
  command = plan
  module {
    source = "./pools"
  }
  variables {
    pools = {
      production = { gpus = ["0"], labels = { gpu-type = "production" }, taints = [{ key = "gpu-type", value = "x", effect = "NoExecute" }] }
      more       = { type = "training", count = 100, extra_mounts = [{ host_path = "/a", container_path = "/b", propagation = "HostToContainer" }] }
      one        = { type = "training", gpus = ["1"], extra_port_mappings = [{ container_port = 80, host_port = 80 }] }
      none       = { type = "training", count = 0, gpus = ["0"] }
    }
  }
  assert {
    condition     = output.faults == []
    error_message = join("\n", output.faults)
  }
}

run "types" {
  command = plan
  module {
    source = "./pools"
  }
  variables {
    pools = { big = { type = "trainin" }, spot = {} }
  }
  assert {
    condition = output.faults == [
      "pools[\"big\"].type: there is no GPUNodePool trainin; there are: production, training. Name one of these, or commit that pool first (pools_folder).",
      "pools[\"spot\"].type: there is no GPUNodePool spot; there are: production, training. Name one of these, or commit that pool first (pools_folder).",
    ]
    error_message = join("\n", output.faults)
  }
}

run "counts" {
  command = plan
  module {
    source = "./pools"
  }
  variables {
    pools = {
      a = { type = "training", count = -1 }
      b = { type = "training", count = 1.5 }
      c = { type = "training", count = 101 }
    }
  }
  assert {
    condition = output.faults == [
      "pools[\"a\"].count: -1 is no number of nodes: give a whole number from 0 to 100.",
      "pools[\"b\"].count: 1.5 is no number of nodes: give a whole number from 0 to 100.",
      "pools[\"c\"].count: 101 is no number of nodes: give a whole number from 0 to 100.",
    ]
    error_message = join("\n", output.faults)
  }
}

run "gpus" {
  command = plan
  module {
    source = "./pools"
  }
  variables {
    pools = { a = { type = "training", gpus = ["first"] } }
  }
  assert {
    condition     = output.faults == ["pools[\"a\"].gpus: \"first\" is no GPU of the host: give [\"all\"], or numbers and UUIDs as `nvidia-smi -L` lists them."]
    error_message = join("\n", output.faults)
  }
}

run "a_gpu_on_two_nodes" {
  command = plan
  module {
    source = "./pools"
  }
  variables {
    pools = { training = { count = 2, gpus = ["0"] } }
  }
  assert {
    condition     = output.faults == ["pools: GPUs of the host go to more than one node (training: 0 to 2), and each node would offer them as its own: give a GPU to one pool of count 1."]
    error_message = join("\n", output.faults)
  }
}

run "all_gpus_and_one_of_them_again" {
  command = plan
  module {
    source = "./pools"
  }
  variables {
    pools = { a = { type = "training", gpus = ["all"] }, b = { type = "training", gpus = ["1", "2"] } }
  }
  assert {
    condition     = output.faults == ["pools: GPUs of the host go to more than one node (a: all to 1; b: 1, 2 to 1), and each node would offer them as its own: give a GPU to one pool of count 1."]
    error_message = join("\n", output.faults)
  }
}

run "labels" {
  command = plan
  module {
    source = "./pools"
  }
  variables {
    pools = { production = { labels = { "node-role.kubernetes.io/gpu" = "", gpu-type = "training", tier = "-", "a b" = "c" } } }
  }
  assert {
    condition = output.faults == [
      "pools[\"production\"].labels: no kubelet can set the label \"a b\", its node would never join: take a key outside kubernetes.io and k8s.io, such as example.com/tier.",
      "pools[\"production\"].labels: no kubelet can set the label \"node-role.kubernetes.io/gpu\", its node would never join: take a key outside kubernetes.io and k8s.io, such as example.com/tier.",
      "pools[\"production\"].labels: gpu-type is \"training\" here and \"production\" in the GPUNodePool production, which wins: leave it out.",
      "pools[\"production\"].labels: \"-\" is no value for the label tier: take at most 63 letters, digits, '-', '_' and '.', with a letter or digit at both ends.",
    ]
    error_message = join("\n", output.faults)
  }
}

run "taints" {
  command = plan
  module {
    source = "./pools"
  }
  variables {
    pools = { production = { taints = [{ key = "gpu-type", value = "x", effect = "NoSchedule" }, { key = "spot", effect = "Never" }] } }
  }
  assert {
    condition = output.faults == [
      "pools[\"production\"].taints: spot=:Never is no taint: key and value are written as those of a label, and the effect is one of NoSchedule, PreferNoSchedule, NoExecute.",
      "pools[\"production\"].taints: the GPUNodePool production has a taint gpu-type with effect NoSchedule already, and a node has one of each: leave it out, or change the GPUNodePool.",
    ]
    error_message = join("\n", output.faults)
  }
}

run "mounts" {
  command = plan
  module {
    source = "./pools"
  }
  variables {
    pools = {
      training = {
        extra_mounts = [
          { host_path = "drivers", container_path = "/a" },
          { host_path = "/b", container_path = "/a", propagation = "Shared" },
        ]
      }
    }
  }
  assert {
    condition = output.faults == [
      "pools[\"training\"].extra_mounts: \"drivers\" to \"/a\" does not say where: write both paths from the root, such as /usr/local/nvidia.",
      "pools[\"training\"].extra_mounts: /a is mounted more than once: keep one.",
      "pools[\"training\"].extra_mounts: kind knows no propagation \"Shared\": give one of None, HostToContainer, Bidirectional, or leave it out.",
    ]
    error_message = join("\n", output.faults)
  }
}

run "ports" {
  command = plan
  module {
    source = "./pools"
  }
  variables {
    pools = { training = { count = 2, extra_port_mappings = [{ container_port = 80, host_port = 80 }] } }
  }
  assert {
    condition     = output.faults == ["pools[\"training\"].extra_port_mappings: 2 nodes can not have the same ports of the host: make it a pool of count 1."]
    error_message = join("\n", output.faults)
  }
}
