"""Explicit finite measures: points with masses, where every statement can be enumerated.

Measures are arrays of masses over the same points; a score is an array over them.
"""

import numpy as np
from jaxtyping import Float

from distributional_view.theory.errors import require
from distributional_view.theory.laws.atomic import AtomicLaw, checked_weights
from distributional_view.theory.solutions.klsc import Solution

Masses = Float[np.ndarray, " n"]


def score_law(masses: Masses, scores: Float[np.ndarray, " n"]) -> AtomicLaw:
    """The law of the score under a finite measure; calibrate on it, then apply the result with `reweight`."""
    return AtomicLaw(scores, masses)


def reweight(masses: Masses, scores: Float[np.ndarray, " n"], solution: Solution) -> Masses:
    """The masses of a hard or KLSC solution: p exp(log dq/dp). Paper: Lemma D.1 (6), Lemma D.4 (9), (17).

    Args:
        masses: p, >= 0 with sum 1.
        scores: psi at the points.
        solution: calibrated on `score_law(masses, scores)`.

    Raises:
        ValueError: if the masses are no probability, lengths differ, or the solution belongs to another law.
    """
    p = checked_weights(np.asarray(masses, dtype=np.float64), len(scores))
    (values, atoms), (own_values, own_atoms) = score_law(p, scores).atoms(), solution.prior.atoms()
    same = values.shape == own_values.shape and bool((values == own_values).all())
    require(
        same and np.allclose(atoms, own_atoms, rtol=1e-6),
        "solution.prior",
        solution.prior,
        "the law of these scores under these masses",
    )
    q, charged = np.zeros_like(p), p > 0
    q[charged] = p[charged] * np.exp(solution.log_ratio(np.asarray(scores, dtype=np.float64)[charged]))
    return q / float(q.sum())


def kl(q: Masses, p: Masses) -> float:
    """KL(q || p) = sum q log(q/p) in nats, with 0 log 0 = 0; +inf unless q << p. Paper: Definition B.2 (1), (26).

    Raises:
        ValueError: if an argument is no probability or the lengths differ.
    """
    q, p = checked_weights(q, len(p)), checked_weights(p, len(p))
    support = q > 0
    if (p[support] == 0).any():
        return float("inf")
    # Subtracting q - p (sum zero) makes every term non-negative: no cancellation between near measures.
    terms = q[support] * (np.log(q[support]) - np.log(p[support])) - q[support] + p[support]
    return max(0.0, float(terms.sum() + p[~support].sum()))


def tv(q: Masses, p: Masses) -> float:
    """TV(q, p) = half the sum of |q - p|, in [0, 1]. Paper: Definition B.3 (2), (27).

    Raises:
        ValueError: if an argument is no probability or the lengths differ.
    """
    q, p = checked_weights(q, len(p)), checked_weights(p, len(p))
    return min(1.0, 0.5 * float(np.abs(q - p).sum()))
