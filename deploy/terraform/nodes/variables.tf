variable "cluster_name" {
  description = "Name of the kind cluster; its nodes and its kubectl context are named after it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9]([-a-z0-9]{0,48}[a-z0-9])?$", var.cluster_name))
    error_message = "cluster_name: \"${var.cluster_name}\" can not begin the names of nodes: take at most 50 small letters, digits and '-', with a letter or digit at both ends."
  }
}

variable "node_image" {
  description = "Image of the nodes; that of the provider if left out."
  type        = string
  default     = null

  validation {
    condition     = var.node_image == null || can(regex("^([a-z0-9][-a-z0-9._:]*/)*[a-z0-9][-a-z0-9._]*(:[A-Za-z0-9_][-A-Za-z0-9_.]*)?(@sha256:[0-9a-f]{64})?$", var.node_image))
    error_message = "node_image: \"${coalesce(var.node_image, "-")}\" is no image: write it as kindest/node:v1.35.0, best with its @sha256 digest."
  }

  validation {
    condition     = try(tonumber(regex(":v1[.]([0-9]+)[.]", var.node_image)[0]), 0) <= 36
    error_message = "node_image: Kubernetes 1.37 and newer read no kubeadm v1beta3, which is what the provider 0.11 writes, so that ${coalesce(var.node_image, "-")} would not come up: take an image up to v1.36."
  }
}

variable "control_planes" {
  description = "Number of control-plane nodes; Kubernetes keeps other pods off them."
  type        = number
  default     = 1
  nullable    = false

  validation {
    condition     = contains([1, 3, 5], var.control_planes)
    error_message = "control_planes: etcd needs an odd number that can outvote the rest, and ${var.control_planes} is not 1, 3 or 5: take 1, or 3 to lose one of them unharmed."
  }
}

variable "workers" {
  description = "Number of nodes without GPUs: what is kept off GPU nodes needs somewhere to run."
  type        = number
  default     = 1
  nullable    = false

  validation {
    condition     = var.workers >= 1 && var.workers <= 100 && floor(var.workers) == var.workers
    error_message = "workers: ${var.workers} leaves no place for what needs no GPU (Argo CD, gpuclass itself): give a whole number from 1 to 100."
  }
}

variable "pools" {
  description = "GPU nodes, by a name that you choose; the README explains every attribute."
  type        = any # Terraform drops what a type does not name, so that `readonly = true` would mount writably
  default     = {}
  nullable    = false

  validation {
    condition     = can(keys(var.pools)) && alltrue([for pool in try(values(var.pools), []) : can(keys(pool))])
    error_message = "pools: each is written as a name and its attributes: pools = { training = { count = 2 } }."
  }

  validation {
    condition = alltrue([for pool in try(values(var.pools), []) : length(setsubtract(try(keys(pool), []), local.attributes)) == 0])
    error_message = join("\n", [
      for name, pool in var.pools :
      "pools[\"${name}\"]: unknown ${join(", ", sort(setsubtract(try(keys(pool), []), local.attributes)))}; there are: ${join(", ", sort(local.attributes))}."
      if length(setsubtract(try(keys(pool), []), local.attributes)) > 0
    ])
  }

  validation {
    condition = alltrue([for pool in try(values(var.pools), []) : can(tonumber(try(pool.count, 1)))])
    error_message = join("\n", [
      for name, pool in var.pools :
      "pools[\"${name}\"].count: ${jsonencode(try(pool.count, 1))} is no number of nodes: give a whole number from 0 to 100."
      if !can(tonumber(try(pool.count, 1)))
    ])
  }

  validation {
    condition = alltrue(flatten([
      for pool in try(values(var.pools), []) : [
        for list, attributes in local.nested : [
          for each in try(pool[list], []) : length(setsubtract(try(keys(each), []), attributes)) == 0
        ]
      ]
    ]))
    error_message = join("\n", flatten([
      for name, pool in var.pools : [
        for list, attributes in local.nested : [
          for each in try(pool[list], []) :
          "pools[\"${name}\"].${list}: unknown ${join(", ", sort(setsubtract(try(keys(each), []), attributes)))}; there are: ${join(", ", sort(attributes))}."
          if length(setsubtract(try(keys(each), []), attributes)) > 0
        ]
      ]
    ]))
  }
}

variable "pools_folder" {
  description = "Folder with the GPUNodePools (policies/pools of your repository); those that are shipped if left out."
  type        = string
  default     = null
}

variable "kubeadm_config_patches" {
  description = "Further kubeadm patches for every node, such as one of kind KubeletConfiguration. One of kind JoinConfiguration would be merged over the pools' own."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for patch in var.kubeadm_config_patches : can(yamldecode(patch).kind)])
    error_message = "kubeadm_config_patches: each is a YAML document with a kind, such as \"kind: KubeletConfiguration\"; ${length([for patch in var.kubeadm_config_patches : patch if !can(yamldecode(patch).kind)])} of ${length(var.kubeadm_config_patches)} is none."
  }

  validation {
    condition     = alltrue([for patch in var.kubeadm_config_patches : try(yamldecode(patch).kind, "") != "JoinConfiguration"])
    error_message = "kubeadm_config_patches: a JoinConfiguration for every node would replace the labels and taints of the pools: use pools[...].labels and .taints."
  }
}
