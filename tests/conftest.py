"""64-bit mode, strict rank promotion, Hypothesis settings, and which tests run in one process, for all tests."""

import jax
import matplotlib as mpl
import pytest
from hypothesis import HealthCheck, settings

jax.config.update("jax_enable_x64", True)
jax.config.update("jax_numpy_rank_promotion", "raise")
mpl.use("Agg")

settings.register_profile("project", deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("project")


def pytest_collection_modifyitems(items):
    """A module stays in one process, which keeps its fixtures and what JAX compiled for it; the evidence, one test
    module for all of it, is shared out by the modules that hold it."""
    for item in items:
        parameters = item.callspec.params if hasattr(item, "callspec") else {}
        home = parameters["piece"].check.__module__ if "piece" in parameters else item.module.__name__
        item.add_marker(pytest.mark.xdist_group(home))
