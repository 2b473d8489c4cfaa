"""What gpuclass does on a real cluster: every claim of the documentation about it, tried there."""
