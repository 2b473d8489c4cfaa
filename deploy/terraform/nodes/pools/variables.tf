variable "types" {
  description = "The GPUNodePools that there are: the labels and the taints of their nodes, by name."
  type = map(object({
    labels = map(string)
    taints = list(object({ key = string, value = string, effect = string }))
  }))
  nullable = false
}

variable "pools" {
  description = "GPU nodes, by a name that you choose."
  type = map(object({
    type   = optional(string)
    count  = optional(number, 1)
    image  = optional(string)
    gpus   = optional(list(string), [])
    labels = optional(map(string), {})
    taints = optional(list(object({
      key    = string
      value  = optional(string, "")
      effect = string
    })), [])
    extra_mounts = optional(list(object({
      host_path       = string
      container_path  = string
      read_only       = optional(bool, false)
      propagation     = optional(string)
      selinux_relabel = optional(bool)
    })), [])
    extra_port_mappings = optional(list(object({
      container_port = number
      host_port      = number
      listen_address = optional(string)
      protocol       = optional(string)
    })), [])
  }))
  nullable = false
}
