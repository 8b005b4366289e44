"""Explicit finite measures: points with masses, where every statement can be enumerated.

Measures are arrays of masses over the same points; a score is an array over them. Scores come first, masses by name.
`AtomicLaw(scores, masses=p)` is the law of the score under p: calibrate on it, then apply the result with `reweight`.
"""

import numpy as np
from jaxtyping import Float

from distributional_view.theory.errors import require
from distributional_view.theory.laws.arrays import ArrayLike1D, probability, vector
from distributional_view.theory.laws.atomic import AtomicLaw
from distributional_view.theory.solutions.klsc import Solution

Masses = Float[np.ndarray, " n"]


def reweight(scores: ArrayLike1D, solution: Solution, *, masses: ArrayLike1D) -> Masses:
    """The masses of a hard or KLSC solution: p exp(log dq/dp). Paper: Lemma D.1 (6), Lemma D.4 (9), (17).

    Args:
        scores: psi at the points.
        solution: calibrated on `AtomicLaw(scores, masses=masses)`.
        masses: p, >= 0 with sum 1.

    Returns:
        q, one mass a point.

    Raises:
        ValueError: if the masses are no probability, lengths differ, or the solution belongs to another law.

    Example:
        >>> psi, p = [0, 1, 2], [0.5, 0.25, 0.25]
        >>> q = reweight(psi, calibrate_hard(AtomicLaw(psi, masses=p), 1.5), masses=p)
        >>> q.tolist()
        [0.0, 0.5, 0.5]
    """
    psi = vector("scores", scores)
    p = probability("masses", masses, psi.size)
    (values, atoms), (own_values, own_atoms) = AtomicLaw(psi, masses=p).atoms(), solution.prior.atoms()
    same = values.shape == own_values.shape and bool((values == own_values).all())
    require(
        same and np.allclose(atoms, own_atoms, rtol=1e-6),
        "solution.prior",
        solution.prior,
        "the law of these scores under these masses",
    )
    q, charged = np.zeros_like(p), p > 0
    q[charged] = p[charged] * np.exp(solution.log_ratio(psi[charged]))
    return q / float(q.sum())


def finite_kl(q: ArrayLike1D, p: ArrayLike1D) -> float:
    """KL(q || p) = sum q log(q/p) in nats, with 0 log 0 = 0; +inf unless q << p. Paper: Definition B.2 (1), (26).

    Args:
        q: masses, >= 0 with sum 1.
        p: masses of the reference over the same points.

    Returns:
        Nats, >= 0.

    Raises:
        ValueError: if an argument is no probability or the lengths differ.

    Example:
        >>> round(finite_kl([0.0, 1.0], [0.5, 0.5]), 4)
        0.6931
    """
    q, p = _pair(q, p)
    support = q > 0
    if (p[support] == 0).any():
        return float("inf")
    # Subtracting q - p (sum zero) makes every term non-negative: no cancellation between near measures.
    terms = q[support] * (np.log(q[support]) - np.log(p[support])) - q[support] + p[support]
    return max(0.0, float(terms.sum() + p[~support].sum()))


def finite_tv(q: ArrayLike1D, p: ArrayLike1D) -> float:
    """TV(q, p) = half the sum of |q - p|, in [0, 1]. Paper: Definition B.3 (2), (27).

    Args:
        q: masses, >= 0 with sum 1.
        p: masses of another measure over the same points.

    Returns:
        A number in [0, 1].

    Raises:
        ValueError: if an argument is no probability or the lengths differ.

    Example:
        >>> finite_tv([0.5, 0.5], [0.25, 0.75])
        0.25
    """
    q, p = _pair(q, p)
    return min(1.0, 0.5 * float(np.abs(q - p).sum()))


def on_support(masses: ArrayLike1D, **scores: ArrayLike1D) -> tuple[Float[np.ndarray, " n"], ...]:
    """p and the scores of its points in double precision; a score where p has no mass is read as 0.

    Raises:
        ValueError: if the masses are no probability, lengths differ, or a score is not finite where p has mass.
    """
    arrays = {name: vector(name, values) for name, values in scores.items()}
    p = probability("masses", masses)
    for name, values in arrays.items():
        require(values.shape == p.shape, f"{name}.shape", values.shape, f"that of the masses, {p.shape}")
        bad = np.flatnonzero((p > 0) & ~np.isfinite(values))
        if bad.size:
            require(False, f"{name}[{bad[0]}]", float(values[bad[0]]), "finite where p has mass")
    return p, *(np.where(p > 0, values, 0.0) for values in arrays.values())


def _pair(q: ArrayLike1D, p: ArrayLike1D) -> tuple[Masses, Masses]:
    """Two probabilities over the same points."""
    reference = probability("p", p)
    return probability("q", q, reference.size), reference
