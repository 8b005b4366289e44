"""A lower bound of the KL of a prompt from halves: below the exact value, near it where the function can be."""

import numpy as np
import pytest

from distributional_view.theory import InfeasibleTarget
from distributional_view.theory.pools import bounded
from distributional_view.theory.pools.bounded import kl_at_least, split_at_least

MEAN, WIDTH = np.array([1.0, 0.5, 0.0]), np.array([1.0, 1.0, 0.6])
EXACT = float(0.5 * (WIDTH**2 + MEAN**2 - 1 - 2 * np.log(WIDTH)).sum())
"""Of a normal law with these against a standard one."""


def drawn(seed, m=3000, n=600):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(m, 3)), MEAN + WIDTH * rng.normal(size=(n, 3))


def squared(x):
    return np.column_stack([x, x**2])


def test_two_gaussians_lie_below_the_exact_kl_and_reach_most_of_it():
    found = [kl_at_least(*map(squared, drawn(seed)), seed=seed) for seed in range(30)]
    values = np.array([each.value for each in found])
    assert values.mean() + 2 * values.std() / 30**0.5 < EXACT
    assert values.mean() > 0.8 * EXACT
    assert np.mean([each.se for each in found]) == pytest.approx(values.std(), rel=0.5)


def test_a_function_class_that_is_too_small_sees_less():
    """Without squares the third coordinate is not seen."""
    values = [kl_at_least(*drawn(seed), seed=seed).value for seed in range(10)]
    assert np.mean(values) == pytest.approx(float(0.5 * (MEAN**2).sum()), abs=0.06)


def test_the_halves_are_what_makes_it_a_bound():
    """Evaluated on what it was fitted to, the same formula is too large: forty features of the same law."""
    rng = np.random.default_rng(0)
    pairs = [(rng.normal(size=(400, 40)), rng.normal(size=(100, 40))) for _ in range(10)]
    honest = [kl_at_least(*pair).value for pair in pairs]
    assert np.mean(honest) < 0
    fitted = bounded._fitted

    def too_large(p, q):
        slope = fitted(p, q, 0.01)
        return float((q @ slope).mean()) - bounded._log_mean_exp(p @ slope)

    assert min(too_large(*pair) for pair in pairs) > 0.1


def test_a_feature_that_explodes_on_the_pool_is_cut():
    pool, mine = drawn(0)
    pool = np.column_stack([pool, np.zeros(len(pool))])
    mine = np.column_stack([mine, np.linspace(0, 1e-3, len(mine))])
    pool[:, 3][::2] = 1e6
    assert np.isfinite(kl_at_least(pool, mine).value)


def test_the_split_is_that_of_the_theorem():
    """psi is the first coordinate, whose tilt to its mean of 1 has the KL 1/2; the rest is the bottleneck."""
    pool, mine = drawn(1, 20_000, 4000)
    found = split_at_least(pool[:, 0], squared(pool), mine[:, 0], squared(mine), 0.8)
    assert found.klsc_kl.value == pytest.approx(0.32, abs=4 * found.klsc_kl.se)
    assert found.excess.value == pytest.approx(0.8 * 0.2, abs=4 * found.excess.se)
    rest = EXACT - 0.32 - 0.16
    assert found.gap.value == pytest.approx(rest, abs=4 * found.gap.se)
    assert 0 < found.gap.se < 0.1
    whole = found.klsc_kl.value + found.gap.value + found.excess.value
    assert whole == pytest.approx(found.kl.value)


def test_the_whole_is_the_bound_of_the_member_against_the_pool():
    """Not of the pool against the member, and with the penalty and the seed that were given."""
    pool, mine = drawn(2, 200, 60)
    found = split_at_least(pool[:, 0], squared(pool), mine[:, 0], squared(mine), 0.8, penalty=0.3, seed=5).kl
    assert found == kl_at_least(squared(pool), squared(mine), penalty=0.3, seed=5)
    others = [kl_at_least(squared(mine), squared(pool), penalty=0.3, seed=5)]
    others += [kl_at_least(squared(pool), squared(mine), penalty=x, seed=s) for x, s in ((0.3, 0), (0.01, 5))]
    assert found not in others


def test_the_defaults_are_those_that_the_docstrings_show():
    pool, mine = drawn(2, 200, 60)
    arguments = pool[:, 0], squared(pool), mine[:, 0], squared(mine), 0.8
    assert split_at_least(*arguments) == split_at_least(*arguments, penalty=0.01, seed=0)
    assert kl_at_least(pool, mine) == kl_at_least(pool, mine, penalty=0.01, seed=0)


def test_each_half_is_used_in_turn():
    """The value is the mean of both, with the error of a mean of two; an odd number has the smaller half first."""
    pool, mine = drawn(2, 201, 61)
    rng = np.random.default_rng(5)
    of_pool, of_mine = bounded._half(201, rng), bounded._half(61, rng)
    assert (of_pool.sum(), of_mine.sum()) == (100, 30)
    one = bounded._on_the_other(pool, mine, of_pool, of_mine, 0.01)
    other = bounded._on_the_other(pool, mine, ~of_pool, ~of_mine, 0.01)
    found = kl_at_least(pool, mine, seed=5)
    assert found.value == pytest.approx((one.value + other.value) / 2, rel=1e-14)
    assert found.se == pytest.approx(np.hypot(one.se, other.se) / 2, rel=1e-14)


def test_the_tilt_itself_has_no_bottleneck():
    rng = np.random.default_rng(3)
    found = []
    for seed in range(10):
        pool, mine = rng.normal(size=(3000, 4)), rng.normal(size=(500, 4))
        mine[:, 0] += 1.2
        found.append(split_at_least(pool[:, 0], pool, mine[:, 0], mine, float(mine[:, 0].mean()), seed=seed).gap.value)
    assert np.mean(found) == pytest.approx(0, abs=0.05)


def test_the_level_has_the_error_of_its_pool():
    values, errors = [], []
    for seed in range(40):
        pool, mine = drawn(seed, 800, 40)
        found = split_at_least(pool[:, 0], pool, mine[:, 0], mine, 1.0).klsc_kl
        values.append(found.value)
        errors.append(found.se)
    assert np.mean(errors) == pytest.approx(np.std(values), rel=0.35)


def test_a_feature_that_never_varies_says_nothing():
    pool, mine = drawn(0, 200, 60)
    more = [np.column_stack([x, np.full(len(x), 7.0)]) for x in (pool, mine)]
    assert kl_at_least(*more).value == pytest.approx(kl_at_least(pool, mine).value, rel=1e-9)


def test_refusals():
    pool, mine = drawn(0, 20, 10)
    assert np.isfinite(kl_at_least(pool[:4], mine[:4]).value)
    with pytest.raises(ValueError, match="draws = 'with NaN or infinity': must be finite"):
        kl_at_least(pool, np.where(np.arange(30).reshape(10, 3) == 7, np.nan, mine))
    with pytest.raises(ValueError, match="number of draws = 3: must be >= 4"):
        kl_at_least(pool, mine[:3])
    with pytest.raises(ValueError, match="pool = 'with NaN or infinity': must be finite"):
        kl_at_least(pool * np.inf, mine)
    with pytest.raises(ValueError, match="features of draws = 2: must be 3, those of the pool"):
        kl_at_least(pool, mine[:, :2])
    with pytest.raises(ValueError, match=r"penalty = 0\.0: must be finite and > 0"):
        kl_at_least(pool, mine, penalty=0.0)
    with pytest.raises(ValueError, match="number of pool_features = 19: must be 20, one a score"):
        split_at_least(pool[:, 0], pool[:-1], mine[:, 0], mine, 0.5)
    with pytest.raises(ValueError, match="number of features = 9: must be 10, one a score"):
        split_at_least(pool[:, 0], pool, mine[:, 0], mine[:-1], 0.5)
    with pytest.raises(InfeasibleTarget):
        split_at_least(pool[:, 0], pool, mine[:, 0], mine, 9.0)
