"""The tilt by a score, Gibbs' variational principle, and the multipliers that give scores their means.

Measures and scores are arrays over the same points, as in `theory.measures.finite`.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.optimize import OptimizeResult, minimize, root
from scipy.special import logsumexp

from distributional_view.theory.laws.arrays import ArrayLike1D
from distributional_view.theory.measures.finite import Masses, on_support

TOLERANCE = 1e-10  # by which a mean may miss its level, in standard deviations of the score under the base measure


class Gibbs(NamedTuple):
    """The tilt mu e^f/Z and log Z = log E_mu[e^f], in nats.

    Example:
        >>> round(gibbs([0.0, 1.0], masses=[0.5, 0.5]).log_partition, 4)
        0.6201
    """

    masses: Masses
    log_partition: float


def gibbs(exponent: ArrayLike1D, *, masses: ArrayLike1D) -> Gibbs:
    """The only q that attains log E_mu[e^f] = sup over q << mu of E_q[f] - KL(q || mu).

    Paper: Lemma E.2 (153)-(155).

    Args:
        exponent: f at the points, finite where mu has mass.
        masses: mu, >= 0 with sum 1.

    Returns:
        The tilted masses and log E_mu[e^f].

    Raises:
        ValueError: if the masses are no probability, lengths differ, or an exponent is not finite.

    Example:
        >>> gibbs([0.0, 1.0], masses=[0.5, 0.5]).masses.round(4).tolist()
        [0.2689, 0.7311]
    """
    base, f = on_support(masses, exponent=exponent)
    with np.errstate(divide="ignore"):
        logs = np.where(base > 0, np.log(base) + f, -np.inf)
    log_partition = float(logsumexp(logs))
    q = np.exp(logs - log_partition)
    return Gibbs(q / q.sum(), log_partition)


def dual_optimum(
    masses: Masses, features: Float[np.ndarray, "k n"], levels: Float[np.ndarray, " k"]
) -> Float[np.ndarray, " k"] | None:
    """The real multipliers l that maximise l.levels - log E[exp(l.features)], or None if the supremum is not reached.

    At the maximum each feature has its level as mean under the tilt. The convex problem is solved by a trust-region
    Newton method, then its gradient's root is polished; means miss their levels by at most `TOLERANCE`.
    """
    charged = masses > 0
    log_base = np.log(masses[charged])
    units = deviations(masses, features)
    scaled = (features[:, charged] - levels[:, None]) / units[:, None]
    moving = np.ptp(scaled, axis=1) > 0
    offsets = scaled[moving]
    if (np.abs(scaled[~moving]) > TOLERANCE).any():
        return None

    def value(at: Float[np.ndarray, " k"]) -> tuple[float, Float[np.ndarray, " k"], Float[np.ndarray, "k k"]]:
        logs = log_base + at @ offsets
        log_z = float(logsumexp(logs))
        q = np.exp(logs - log_z)
        mean = offsets @ q
        return log_z, mean, (offsets - mean[:, None]) * q @ (offsets - mean[:, None]).T

    multipliers = np.zeros(len(levels))
    if offsets.size == 0:
        return multipliers
    dearest = 1.0 - float(log_base.min())  # above the largest KL to the base of any q: a dual beyond it has no end

    def stop(intermediate_result: OptimizeResult) -> None:
        if -intermediate_result.fun > dearest:
            raise StopIteration

    start = minimize(
        lambda at: value(at)[:2],
        np.zeros(len(offsets)),
        jac=True,
        hess=lambda at: value(at)[2],
        method="trust-exact",
        callback=stop,
        options={"gtol": 1e-8, "max_trust_radius": 1e6, "maxiter": 200},
    )
    if -start.fun > dearest:
        return None
    polished = root(lambda at: value(at)[1:], start.x, jac=True, options={"xtol": 1e-14})
    best = min((start.x, polished.x), key=lambda at: float(np.abs(value(at)[1]).max()))
    if not float(np.abs(value(best)[1]).max()) <= TOLERANCE:
        return None
    multipliers[moving] = best
    return multipliers / units


def deviations(masses: Masses, features: Float[np.ndarray, "k n"]) -> Float[np.ndarray, " k"]:
    """Standard deviations of the features; 1 for one that is constant where there is mass."""
    charged, p = features[:, masses > 0], masses[masses > 0]
    ranges = np.ptp(charged, axis=1)
    units = np.where(ranges > 0, ranges, 1.0)
    offsets = charged / units[:, None]
    found = np.sqrt((offsets - (offsets @ p)[:, None]) ** 2 @ p)
    return np.where(ranges > 0, np.maximum(found, 1e-300) * units, 1.0)
