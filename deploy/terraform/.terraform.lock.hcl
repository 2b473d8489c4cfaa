# This file is maintained automatically by "tofu init".
# Manual edits may be lost in future updates.

provider "registry.opentofu.org/tehcyx/kind" {
  version     = "0.11.0"
  constraints = "~> 0.11.0"
}

provider "registry.terraform.io/tehcyx/kind" {
  version     = "0.11.0"
  constraints = "~> 0.11.0"
}
