"""Longer checks, run by `make test-slow`: large pools and narrow standard errors."""

import jax
import numpy as np
import pytest

from distributional_view.theory import AtomicLaw, calibrate_hard, calibrate_klsc, kl
from distributional_view.toy.sampled import sampled_table
from distributional_view.toy.table2 import METRICS, exact_table
from distributional_view.toy.world import paper_world
from tests.support.sampling import STANDARD_ERRORS

pytestmark = pytest.mark.slow


def test_ten_million_values():
    values = np.random.default_rng(0).normal(size=10_000_000)
    law = AtomicLaw(values)
    hard, klsc = calibrate_hard(law, 2.0), calibrate_klsc(law, 2.0)
    weights = np.exp(klsc.log_ratio(values)) / values.size
    assert weights.sum() == pytest.approx(1.0, abs=1e-10)
    assert weights @ values == pytest.approx(2.0, abs=1e-10)
    kept = values[values > hard.threshold]
    fraction = hard.tie_fraction
    assert (kept.sum() + fraction * hard.threshold) / (kept.size + fraction) == pytest.approx(2.0, abs=1e-10)
    assert hard.kl - klsc.kl == pytest.approx(kl(hard, klsc), abs=1e-10)
    # The pool comes from N(0, 1): its multiplier is 2 up to the noise of an exponentially weighted mean.
    assert klsc.multiplier == pytest.approx(2.0, abs=0.02)


@pytest.mark.parametrize("name", ["cosine", "absolute_angle"])
def test_exact_and_sampled_agree_closely(name):
    world = paper_world(name)
    exact = exact_table(world)
    sampled = sampled_table(world, jax.random.key(5), 200_000, 24)
    for key, row in exact.items():
        for metric in METRICS:
            estimate = sampled[key][metric]
            assert abs(estimate.mean - row[metric]) < STANDARD_ERRORS * estimate.se, (
                key,
                metric,
                row[metric],
                estimate,
            )
            assert estimate.se < 0.02 * row[metric], (key, metric, estimate)
