"""Settings for all tests: how many examples Hypothesis tries."""

import os

from hypothesis import HealthCheck, settings

_QUIET = (HealthCheck.too_slow, HealthCheck.filter_too_much)

settings.register_profile(
    "regular",
    max_examples=200,
    deadline=None,
    derandomize=os.environ.get("CI") == "true",
    suppress_health_check=_QUIET,
)
settings.register_profile("slow", max_examples=20_000, deadline=None, suppress_health_check=_QUIET)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "regular"))
