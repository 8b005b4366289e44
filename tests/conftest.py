"""64-bit mode, strict rank promotion, Hypothesis settings, and which tests run in one process, for all tests."""

import jax
import jaxtyping
import matplotlib as mpl
import pytest
from hypothesis import HealthCheck, is_hypothesis_test, settings
from xdist.scheduler import LoadScopeScheduling

from tests.support.scopes import scope_of

jax.config.update("jax_enable_x64", True)
jax.config.update("jax_numpy_rank_promotion", "raise")
mpl.use("Agg")

settings.register_profile("project", deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("project")


class ByModule(LoadScopeScheduling):
    def _split_scope(self, nodeid: str) -> str:
        return scope_of(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    return ByModule(config, log)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    """Shapes are checked at each call, which takes two thirds of the time of a test that makes small calls many
    thousand times: tests of properties and those that say so leave it to the other tests of the same functions."""
    many = item.get_closest_marker("many_calls") is not None or is_hypothesis_test(item.obj)
    jaxtyping.config.update("jaxtyping_disable", many)
