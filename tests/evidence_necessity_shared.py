"""Necessity rung, hypotheses that many statements share: mass above the threshold, a finite Z, a mean that moves.

Each check says which hypotheses hold in its example, refutes the conclusion, and shows that the one dropped is broken.
Its controls are examples in which the conclusion stands. Nothing here asks the library: the examples are closed forms.
"""

import math

import numpy as np
from scipy.integrate import quad

from distributional_view.proofs_check.evidence import evidence
from distributional_view.proofs_check.premises import broken, granted, holds, refuted

BELOW_THE_END = {"mass above t": {"t": 0.9}}


@evidence("Definition 2.1", "necessity", drops="mass above t", controls=BELOW_THE_END)
@evidence("Definition 2.3", "necessity", drops="mass above t", controls=BELOW_THE_END)
@evidence("Lemma D.1", "necessity", drops="mass above t", controls=BELOW_THE_END)
@evidence("Lemma D.6", "necessity", drops="mass above t", controls=BELOW_THE_END)
@evidence("Lemma D.8", "necessity", drops="mass above t", controls=BELOW_THE_END)
@evidence("Lemma D.10", "necessity", drops="mass above t", controls=BELOW_THE_END)
@evidence("Ours: all margins", "necessity", drops="mass above t", controls=BELOW_THE_END)
@evidence("Ours: reverse KL", "necessity", drops="mass above t", controls=BELOW_THE_END)
@evidence("Ours: finite step", "necessity", drops="mass above t", controls=BELOW_THE_END)
@evidence("Ours: Nelson-Aalen", "necessity", drops="mass above t", controls=BELOW_THE_END)
def no_law_above_the_supremum(t: float = 1.5) -> str:
    """Uniform on [0, 1] from the lower threshold 1/2: p 1{psi >= t}/p(A_t) is 0/0, and so is all that asks it."""
    lower, delta, beta, cells = 0.5, 0.1, 1.0, 1000
    scores = (np.arange(cells) + 0.5) / cells
    p = np.full(cells, 1 / cells)
    holds("density", np.ptp(p) == 0)
    holds("continuous at t", t != 1, t=t)
    holds("continuous density", 0 < lower < 1, t=lower)
    holds("delta > 0", delta > 0)
    holds("sign of beta", beta >= 0)
    holds("finite Z", math.isfinite(float(p @ np.exp(beta * scores))))
    holds("ordered thresholds", lower <= t)
    holds("mass between", p[(scores >= lower) & (scores < t)].sum() > 0.1)
    granted("moving mean", "tau(b) is the mean of the law that is missing")
    above = p * (scores >= t)
    with np.errstate(invalid="ignore"):
        total = float((above / above.sum()).sum())
    refuted("q_t is a probability that lives on A_t", not math.isclose(total, 1), total=total)
    broken("mass above t", above.sum() == 0, mass=above.sum())
    return "Uniform on [0, 1], t = 1.5: the conditional law is 0/0; no q << p lives there."


@evidence("Lemma D.7", "necessity", drops="mass above t", controls={"mass above t": {"t": 0.9}})
def no_hazard_at_the_supremum(t: float = 1.0, beta: float = 1.0) -> str:
    """Uniform on [0, 1], f(1) = 1: E[exp(beta Y) | Y >= 1] is 0/0, the hazards are not ordered."""
    holds("sign of beta", beta > 0)
    holds("finite Z", math.isfinite(math.expm1(beta) / beta))
    holds("density at t", t <= 1)
    holds("positive density", t <= 1)
    granted("spread above t", "no conditional law above t that could be degenerate")
    mass = 1 - t
    tail = quad(lambda y: math.exp(beta * y), t, 1)[0]
    hard, soft = (1 / mass, math.exp(beta * t) / tail) if mass else (math.inf, math.inf)
    refuted("h_beta(t) < h(t)", not soft < hard, hard=hard, soft=soft)
    broken("mass above t", mass == 0, mass=mass)
    return "Uniform on [0, 1] at t = 1: both hazards are infinite, neither is smaller."


A_TILT = {"Z(beta) finite": {"beta": 0.5}}


@evidence("Remark D.5", "necessity", drops="inside the domain", controls=A_TILT)
@evidence("Lemma D.7", "necessity", drops="finite Z", controls=A_TILT)
@evidence("Lemma D.9", "necessity", drops="inside the domain", controls=A_TILT)
@evidence("Lemma D.12", "necessity", drops="inside the domain", controls=A_TILT)
@evidence("Ours: all margins", "necessity", drops="finite Z", controls=A_TILT)
@evidence("Theorem G.3", "necessity", drops="finite Z", controls=A_TILT)
def no_tilt_beyond_the_domain(beta: float = 2.0, t: float = 1.0) -> str:
    """Y exponential: exp(beta y) p on [0, w], normalised, leaves every fixed interval as w grows."""
    holds("not constant", quad(lambda y: (y - 1) ** 2 * math.exp(-y), 0, math.inf)[0] > 0.5)
    holds("density", math.isclose(quad(lambda y: math.exp(-y), 0, math.inf)[0], 1))
    holds("sign of beta", beta > 0)
    holds("mass above t", math.exp(-t) > 0)
    holds("density at t", t > 0)
    holds("positive density", math.exp(-t) > 0)
    holds("spread above t", math.exp(-t) > math.exp(-2 * t))
    holds("smooth marginals", t > 0)
    granted("exact start", "q_T has the same infinite Z, no process can start in it")
    windows = [10.0, 20.0, 40.0]
    parts = [quad(lambda y: math.exp((beta - 1) * y), 0, w)[0] for w in windows]
    below = [quad(lambda y: math.exp((beta - 1) * y), 0, 5)[0] / part for part in parts]
    refuted("exp(beta psi) p is, normalised, a law", below[2] < 0.1 * below[1] < 0.01 * below[0], below=below)
    for name in ("inside the domain", "finite Z"):
        broken(name, min(np.diff(np.log(parts))) > 1, windows=windows, parts=parts)
    return f"Exponential score, beta = 2: the mass below 5 falls to {below[2]:.0e} as [0, w] grows: no tilt."


MOVING = {"both inside the support": {"t": 0.4, "u": 0.6}, "out of the gap": {"u": 2.1}}


@evidence("Lemma D.11", "necessity", drops="moving mean", controls=MOVING)
@evidence("Ours: finite step", "necessity", drops="mass between", controls=MOVING)
@evidence("Ours: Nelson-Aalen", "necessity", drops="moving mean", controls=MOVING)
def flat_means_have_no_speed(t: float = 1.2, u: float = 1.8) -> str:
    """Uniform on [0, 1] and [2, 3]: tau is flat on (1, 2), TV/d tau is 0/0, while 1/m(t) is a number."""

    def tail(at: float) -> tuple[float, float]:
        """(S(t), tau(t)) from the two pieces above t, each of density 1/2."""
        pieces = [(max(low, at), high) for low, high in ((0.0, 1.0), (2.0, 3.0)) if high > at]
        mass = sum((high - low) / 2 for low, high in pieces)
        return mass, sum((high**2 - low**2) / 4 for low, high in pieces) / mass

    (above_t, mean_t), (above_u, mean_u) = tail(t), tail(u)
    distance, rise = 1 - above_u / above_t, mean_u - mean_t
    holds("continuous density", t not in (0, 1, 2, 3), t=t)
    holds("mass above t", above_u > 0, mass=above_u)
    speeds = [1 / (mean_t - t), 1 / (mean_u - u)]
    refuted("TV/d tau is a number", distance == 0 == rise, distance=distance, rise=rise)
    for name in ("moving mean", "mass between"):
        broken(name, above_t == above_u, masses=(above_t, above_u))
    return f"tau is flat on (1, 2): TV = d tau = 0, and 1/m goes from {speeds[0]:.2f} to {speeds[1]:.2f} unused."
