"""The command `gpuclass`: a file a sub-command, argv in, a report and an exit code out.

It reads files and writes to the terminal; what it says is decided in `core`. It imports every
other room, and no room imports it; what a sub-command needs is imported when it runs.
"""
