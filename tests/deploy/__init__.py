"""The manifests and the image agree with the code."""
