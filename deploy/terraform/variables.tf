# Changing ANY of these for a cluster that exists REPLACES THE WHOLE CLUSTER.
# What each may hold is checked where it is used: nodes/variables.tf, nodes/pools/variables.tf.

variable "cluster_name" {
  description = "Name of the kind cluster; its nodes and its kubectl context are named after it."
  type        = string
  default     = "gpu"
  nullable    = false
}

variable "node_image" {
  description = "Image of the nodes (kindest/node:v1.35.0@sha256:...); that of the provider if left out."
  type        = string
  default     = null
}

variable "wait_for_ready" {
  description = "Whether `apply` waits until the control plane is ready."
  type        = bool
  default     = true
  nullable    = false
}

variable "kubeconfig_path" {
  description = "File that the kubeconfig goes to; ~/.kube/config if left out."
  type        = string
  default     = null
}

variable "control_planes" {
  description = "Number of control-plane nodes: 1, 3 or 5; Kubernetes keeps other pods off them."
  type        = number
  default     = 1
  nullable    = false
}

variable "workers" {
  description = "Number of nodes without GPUs: what is kept off GPU nodes needs somewhere to run."
  type        = number
  default     = 1
  nullable    = false
}

variable "pools" {
  description = "GPU nodes, by a name that you choose; the README explains every attribute."
  type        = any # its attributes are checked by name: see nodes/variables.tf
  default     = {}
  nullable    = false
}

variable "pools_folder" {
  description = "Folder with the GPUNodePools (policies/pools of your repository); those that are shipped if left out."
  type        = string
  default     = null
}

variable "kubeadm_config_patches" {
  description = "Further kubeadm patches for every node, such as one of kind KubeletConfiguration."
  type        = list(string)
  default     = []
  nullable    = false
}
