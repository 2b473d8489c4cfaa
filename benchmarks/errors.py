"""What can keep a benchmark from being run; the text is one clear line."""


class BenchmarkError(Exception):
    """The benchmark can not be run, or its two sides do not do the same."""
