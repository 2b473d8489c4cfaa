"""Nothing lost: faults injected under a steady load of pods, and what became of every request.

A row is a fault (`rows/`): how it is injected and healed, what may be lost meanwhile, what must
hold afterwards. `runner` plays any of them on a `stage`: a real control plane, the real controller,
replicas of the real server behind one address. `make chaos` is the long form, `test_rows` the
short one.
"""
