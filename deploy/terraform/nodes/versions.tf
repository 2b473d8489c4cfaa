terraform {
  # Validation that looks at more than its own variable.
  required_version = ">= 1.9"
}
