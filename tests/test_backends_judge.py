"""The judge of the embedded world: each measure against an independent computation and a case that is known."""

import numpy as np
import pytest
import torch
from scipy.stats import binom, multinomial

from distributional_view.backends.embedded import judge_measures
from distributional_view.backends.embedded.animals import CLASSES
from distributional_view.backends.embedded.judge import Judge, tilt_of, trusted_up_to
from distributional_view.backends.embedded.judge_measures import class_tv, resampled, shares, tv_floor
from distributional_view.backends.embedded.methods import shared
from distributional_view.backends.measures.kernel import kid
from distributional_view.backends.measures.weighted import KernelReference

torch.set_num_threads(1)
LEVEL, N = 0.9, 48


@pytest.fixture(scope="module")
def world():
    """Feature 457 with the data as its own prior: exact draws of the tilt are at hand."""
    scores = shared().activation(457)
    labels = shared().classifier.head(shared().reference).argmax(1).numpy()
    return scores, labels


@pytest.fixture(scope="module")
def judge(world):
    scores, labels = world
    level = float(np.quantile(scores, LEVEL))
    tilt = tilt_of(scores, labels, level)
    pooled, label = shared().reference.numpy(), CLASSES.index("zebra")
    return Judge(level, float(scores.std()), label, tilt, tilt, pooled, shared().classifier, shared().usual, 0)


def drawn(world, weights, seed, n=N):
    chosen = np.random.default_rng(seed).choice(len(weights), size=n, p=weights, replace=False)
    return shared().images[torch.as_tensor(chosen)], world[0][chosen]


def test_exact_draws_are_at_the_floor_and_the_unguided_prior_is_far(world, judge):
    exact = [judge(*drawn(world, judge.prior.weights, seed)) for seed in range(12)]
    errors = np.array([v.tv - v.tv_floor for v in exact])
    assert abs(errors.mean()) < 4 * errors.std() / 12**0.5
    kids = np.array([v.kid for v in exact])
    assert abs(kids.mean()) < 4 * kids.std() / 12**0.5
    agreement = np.array([v.agreement for v in exact])
    p = judge.prior.shares[judge.label]
    assert abs(agreement.mean() - p) < 4 * (p * (1 - p) / N / 12) ** 0.5
    plain = judge(*drawn(world, np.full(len(world[0]), 1 / len(world[0])), 0))
    assert plain.mean_error_sd > 5 * np.mean([v.mean_error_sd for v in exact])
    assert plain.tv > 2 * plain.tv_floor
    assert plain.kid > 4 * plain.kid_se
    assert abs(plain.agreement - p) > 4 * plain.agreement_se


def test_weights_count_and_swapped_ones_are_noticed(world, judge):
    images, scores = drawn(world, np.full(len(world[0]), 1 / len(world[0])), 1, 400)
    weights = np.exp(judge.prior.multiplier * (scores - scores.max()))
    weights /= weights.sum()
    right, swapped = judge(images, scores, weights), judge(images, scores, weights[::-1])
    plain = judge(images, scores)
    assert right.mean_error_sd < 0.2 < swapped.mean_error_sd
    assert right.kid < swapped.kid
    assert right.agreement > 3 * swapped.agreement
    assert abs(float(weights @ scores) - judge.level) / judge.sd == pytest.approx(right.mean_error_sd)
    assert plain.agreement_se < right.agreement_se  # fewer pictures count


def test_a_set_of_copies_is_seen(world, judge):
    images, scores = drawn(world, judge.prior.weights, 2, 6)
    twice = judge(torch.cat([images, images]), np.concatenate([scores, scores]))
    assert twice.near_duplicates == 1
    heavy = np.array([0.5, 0.5, 0, 0, 0, 0])
    once = judge(torch.cat([images[:1], images[:1], images[1:5]]), scores[[0, 0, 1, 2, 3, 4]], heavy)
    assert once.near_duplicates == 1
    with pytest.raises(ValueError, match="number of pictures = 1"):
        judge(images[:1], scores[:1])


def test_the_kernel_distance_against_other_computations():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(40, 6)) + 0.4, rng.normal(size=(200, 6))
    equal = KernelReference(y[:40], np.full(40, 1 / 40)).distance(x, np.full(40, 1 / 40))
    other = kid(torch.tensor(y[:40]), torch.tensor(x), 0, subsets=1)
    assert equal.kid == pytest.approx(other.kid, rel=1e-4)
    v, w = rng.dirichlet(np.ones(40)), rng.dirichlet(np.ones(200))
    found = KernelReference(y, w).distance(x, v)

    def pairs(a, u, b, t, same):
        total = mass = 0.0
        for i in range(len(a)):
            for j in range(len(b)):
                if not (same and i == j):
                    total += u[i] * t[j] * (a[i] @ b[j] / 6 + 1) ** 3
                    mass += u[i] * t[j]
        return total / mass

    by_hand = pairs(x, v, x, v, True) + pairs(y, w, y, w, True) - 2 * pairs(x, v, y, w, False)
    assert found.kid == pytest.approx(by_hand, rel=1e-9)
    with pytest.raises(ValueError, match="pictures with v > 0 = 1"):
        KernelReference(y, w).distance(x, np.eye(40)[0])


def test_the_kernel_distance_is_unbiased_and_its_error_is_the_scatter():
    rng = np.random.default_rng(1)
    found = []
    for _ in range(150):
        x, y = rng.normal(size=(30, 5)) + 0.5, rng.normal(size=(120, 5))
        found.append(KernelReference(y, np.full(120, 1 / 120)).distance(x, np.full(30, 1 / 30)))
    kids, errors = np.array(found).T
    assert 0.7 < errors.mean() / kids.std() < 1.4
    null = [
        KernelReference(rng.normal(size=(120, 5)), np.full(120, 1 / 120)).distance(
            rng.normal(size=(30, 5)), np.full(30, 1 / 30)
        )
        for _ in range(150)
    ]
    values = np.array([k.kid for k in null])
    assert abs(values.mean()) < 4 * values.std() / 150**0.5


def test_the_floor_is_the_mean_over_all_outcomes():
    law, n = np.array([0.6, 0.3, 0.1]), 4
    exact = sum(
        multinomial.pmf([a, b, n - a - b], n, law) * class_tv(np.array([a, b, n - a - b]) / n, law)
        for a in range(n + 1)
        for b in range(n + 1 - a)
    )
    assert tv_floor(law, n, 0) == pytest.approx(exact, abs=0.01)
    assert tv_floor(law, 400, 0) < exact / 5
    with pytest.raises(ValueError, match="n = 0"):
        tv_floor(law, 0, 0)


def test_a_law_that_is_an_estimate_lies_farther():
    """Two samples of a coin: the distance of two independent shares, over all outcomes."""
    law, n, m = np.array([0.7, 0.3]), 5, 8
    exact = sum(
        binom.pmf(a, n, 0.7) * binom.pmf(b, m, 0.7) * abs(a / n - b / m) for a in range(n + 1) for b in range(m + 1)
    )
    assert tv_floor(law, n, 0, known_from=m) == pytest.approx(exact, abs=0.01)
    assert exact > 1.1 * tv_floor(law, n, 0)
    assert tv_floor(law, n, 0, known_from=10**6) == pytest.approx(tv_floor(law, n, 0), abs=0.01)
    with pytest.raises(ValueError, match="known_from = 0"):
        tv_floor(law, n, 0, known_from=0)


def test_shares_and_resampling_follow_the_weights():
    labels, weights = np.array([0, 2, 2, 1]), np.array([0.1, 0.2, 0.3, 0.4])
    assert shares(labels, weights, 4) == pytest.approx([0.1, 0.4, 0.5, 0.0])
    for n in range(2, 200):  # 1/n n times is more than 1 for some
        assert shares(np.zeros(n, dtype=int), np.full(n, 1 / n), 4).tolist() == [1, 0, 0, 0]
    places, masses = resampled(weights, 1000, 0)
    assert places.tolist() == [0, 1, 2, 3]
    assert masses == pytest.approx(weights, abs=2e-3)
    assert judge_measures.resampled(np.array([0.0, 1.0]), 10, 3)[0].tolist() == [1]


def test_the_pool_is_trusted_up_to_the_last_level_before_it_thins_out():
    sizes = {0.8: 900.0, 0.9: 500.0, 0.95: 470.0, 0.99: 600.0}
    assert trusted_up_to(list(sizes), sizes.__getitem__, 48) == 0.9
    assert trusted_up_to(list(sizes), sizes.__getitem__, 100) is None
    assert trusted_up_to(list(sizes), sizes.__getitem__, 10) == 0.99
