"""A real Argo CD beside the test control plane, with this repository as what it syncs."""
