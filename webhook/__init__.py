"""One word on a workload, `gpu-class: training`, becomes correct GPU scheduling."""

__version__ = "0.1.0"
