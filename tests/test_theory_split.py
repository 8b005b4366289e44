"""Theorem F.7 from samples: the three parts against their exact values, the bias that is taken off, the floor."""

import inspect

import numpy as np
import pytest

from distributional_view.theory import InfeasibleTarget, decompose
from distributional_view.theory.pools import split
from distributional_view.theory.pools.split import split_sampled

PSI, LABEL = np.tile([0.0, 1.0, 2.0, 3.0], 2), np.repeat([0, 1], 4)
P = np.array([0.2, 0.15, 0.1, 0.05, 0.25, 0.15, 0.07, 0.03])
Q = np.array([0.02, 0.08, 0.15, 0.05, 0.05, 0.15, 0.2, 0.3])
TARGET = 1.9


def drawn(seed, m, n, q=Q):
    rng = np.random.default_rng(seed)
    pool, mine = rng.choice(8, m, p=P), rng.choice(8, n, p=q)
    return PSI[pool], LABEL[pool], PSI[mine], LABEL[mine]


def test_the_parts_are_the_exact_ones_where_cells_are_points():
    exact = decompose(PSI, TARGET, q=Q, masses=P)
    found = split_sampled(*drawn(0, 20_000, 4000), TARGET, bins=8, repeats=20)
    assert found.cells == 8
    for name in ("kl", "klsc_kl", "gap", "excess"):
        value, se = getattr(found, name)
        assert 0 < se < 0.05, name
        assert value == pytest.approx(getattr(exact, name), abs=4 * se), name
    assert found.kl.value == pytest.approx(found.klsc_kl.value + found.gap.value + found.excess.value)


def test_the_bias_of_few_draws_is_taken_off_and_the_errors_are_right():
    """Fifty draws: shares alone would be too large by 0.07 and more."""
    exact = decompose(PSI, TARGET, q=Q, masses=P).gap
    found = [split_sampled(*drawn(seed, 500, 50), TARGET, bins=8, seed=seed, repeats=12) for seed in range(24)]
    gaps = np.array([each.gap.value for each in found])
    assert gaps.mean() == pytest.approx(exact, abs=0.05)
    assert np.mean([each.gap.se for each in found]) == pytest.approx(gaps.std(), rel=0.6)


def test_the_tilt_itself_has_no_bottleneck_and_its_draws_lie_below_the_floor():
    tilted = P * np.exp(decompose(PSI, TARGET, q=Q, masses=P).excess / (Q @ PSI - TARGET) * PSI)
    tilted /= tilted.sum()
    assert tilted @ PSI == pytest.approx(TARGET)
    found = [split_sampled(*drawn(s, 1000, 60, tilted), TARGET, bins=6, seed=s, repeats=30) for s in range(12)]
    gaps = np.array([each.gap.value for each in found])
    assert gaps.mean() == pytest.approx(0, abs=0.04)
    assert np.mean([each.gap.value < each.floor for each in found]) > 0.7
    other = split_sampled(*drawn(0, 1000, 400), TARGET, bins=6, repeats=30)
    assert other.gap.value > 3 * other.floor


def test_coarser_cells_see_less():
    """A member that differs from the tilt in the labels alone is not seen without them."""
    y, labels, mine, own = drawn(1, 20_000, 4000)
    with_labels = split_sampled(y, labels, mine, own, TARGET, bins=8, repeats=20)
    without = split_sampled(y, 0 * labels, mine, 0 * own, TARGET, bins=8, repeats=20)
    assert without.cells == 4
    assert without.gap.value < with_labels.gap.value - 3 * with_labels.gap.se
    assert without.klsc_kl == pytest.approx(with_labels.klsc_kl, rel=0.2)


def test_a_label_that_the_pool_lacks_joins_its_neighbour():
    y, labels, mine, own = drawn(2, 2000, 200)
    found = split_sampled(y, labels, mine, np.where(mine == 3, 7, own), TARGET, repeats=20)
    assert np.isfinite(found.gap.value)
    assert np.isfinite(found.floor)


@pytest.mark.parametrize(
    ("held", "labels", "groups"),
    [
        ([1, 1, 2], [0, 0, 0], [0, 1, 2]),  # exactly enough is enough
        ([0.5, 0.5, 1], [0, 0, 0], [0, 0, 1]),
        ([1, 0.5, 1], [0, 0, 1], [0, 0, 1]),  # a rest joins the cell before it, of its own label
        ([1, 0.5, 0.5, 1], [0, 0, 1, 1], [0, 0, 1, 1]),  # the rest of label 0 does not count for label 1
        ([1, 0.5, 0.5, 1], [0, 1, 2, 2], [0, 1, 1, 2]),  # a label without a cell of its own joins the next one
        ([1, 1, 0.5], [0, 0, 1], [0, 1, 1]),  # or, at the end, the one before
        ([1, 0.5], [0, 1], [0, 0]),
        ([0.95, 1], [1, 2], [0, 0]),
        ([1, 0.95, 1], [0, 0, 0], [0, 1, 1]),
        ([1, 0.5, 0.95, 1], [0, 0, 1, 1], [0, 0, 1, 1]),
        ([0.3, 0.3], [0, 1], [0, 0]),
    ],
)
def test_cells_that_hold_too_little_are_put_together(held, labels, groups):
    found = split._grouped(split._LEAST * np.array(held, dtype=float), np.array(labels))
    assert found.tolist() == groups


def test_the_bias_of_a_cell_by_its_draws():
    """A resampled draw stands for as many copies; the variance of a ratio of sums is the sum over them.

    Taken off are half a degree of freedom for each cell seen but one, and half of each cell's relative variance.
    """
    y, labels = np.array([0.0, 0.5, 1.0, 1.5, 2.0, 2.5]), np.array([0, 0, 1, 1, 2, 2])
    p = split._Draws(y, labels, np.array([2, 1, 0, 3, 1, 2]))
    cells = split._Cells.__new__(split._Cells)
    cells.of_pool, cells.count = labels, 3
    copies = np.repeat(np.arange(6), p.counts)
    weights = np.exp(0.7 * y[copies]) / np.exp(0.7 * y[copies]).sum()
    expected = 0.0
    for cell, seen in ((0, 12), (2, 28)):  # nothing of the sample lies in the cell between
        inside = (labels[copies] == cell).astype(float)
        mass = float(weights @ inside)
        variance = float((weights**2 * (inside - mass) ** 2).sum())
        share = seen / 40
        expected += share * np.log(share / mass) - 0.5 * share * variance / mass**2
    expected -= (2 - 1) / (2 * 40)
    assert cells.gap(np.array([12, 0, 28]), p, 0.7) == pytest.approx(expected, rel=1e-12)


def test_the_intervals_of_the_score_share_out_pool_and_sample():
    """One label: each interval has a quarter of the mean of both laws. A score at an edge belongs to the upper one."""
    pool = split._Draws.of("pool", np.arange(256.0), np.zeros(256, dtype=int))
    mine = split._Draws.of("mine", 2 * np.arange(128) + 0.5, np.zeros(128, dtype=int))
    cells = split._Cells(pool, mine, np.full(256, 1 / 256), 4)
    assert cells.count == 4
    assert np.bincount(cells.of_pool).tolist() == [63, 64, 64, 65]  # the edges are 63, 127 and 191
    assert np.bincount(cells.of_sample).tolist() == [32, 32, 32, 32]
    assert cells.tilt.tolist() == [63 / 256, 0.25, 0.25, 65 / 256]
    assert cells.sample(mine._replace(counts=np.repeat([0, 1, 2, 3], 32))).tolist() == [0, 32, 64, 96]
    apart = split._Cells(pool, mine._replace(scores=mine.scores + 300), np.full(256, 1 / 256), 4)
    assert np.bincount(apart.of_pool).tolist() == [127, 129]  # what holds nothing of the pool joins the one before
    assert apart.of_sample.tolist() == [1] * 128


def test_refusals():
    y, labels, mine, own = drawn(3, 100, 20)
    with pytest.raises(InfeasibleTarget):
        split_sampled(y, labels, mine, own, 3.5)
    with pytest.raises(ValueError, match="number of scores = 1: must be >= 2"):
        split_sampled(y, labels, mine[:1], own[:1], TARGET)
    with pytest.raises(ValueError, match=r"labels of pool_scores = 'int64 \(99,\)': must be 100 whole numbers >= 0"):
        split_sampled(y, labels[:-1], mine, own, TARGET)
    with pytest.raises(ValueError, match="labels of scores = 'float64"):
        inspect.unwrap(split_sampled)(y, labels, mine, own + 0.5, TARGET)
    with pytest.raises(ValueError, match=r"labels of scores = 'int64 \(20,\)"):
        split_sampled(y, labels, mine, own - 2, TARGET)
    with pytest.raises(ValueError, match="bins = 0"):
        split_sampled(y, labels, mine, own, TARGET, bins=0)
    with pytest.raises(ValueError, match="repeats = 1"):
        split_sampled(y, labels, mine, own, TARGET, repeats=1)


def test_an_error_is_infinite_where_a_resampled_pool_has_nothing_of_the_sample():
    """One draw of the pool holds a tenth of the tilt: every third resampled pool has not got it."""
    pool, labels = np.r_[np.ones(400), 5.0], np.r_[np.zeros(400, int), 1]
    mine, own = np.r_[np.ones(20), np.full(20, 5.0)], np.r_[np.zeros(20, int), np.ones(20, int)]
    found = split_sampled(pool, labels, mine, own, 1.4, bins=2, repeats=60)
    assert found.cells == 2
    assert np.isfinite([each.value for each in found[:4]]).all()
    assert found.floor == found.gap.se == found.klsc_kl.se == found.kl.se == np.inf
