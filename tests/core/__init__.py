"""The core's tests: values in, values out."""
