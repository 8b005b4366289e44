"""Property rung, Definition 2.5: the distortion that the library finds is the least extra cost, by sums written out."""

from collections.abc import Callable

import numpy as np
from hypothesis import strategies as st

from distributional_view.proofs_check.evidence import evidence, expect
from distributional_view.theory import InfeasibleTarget
from distributional_view.theory.measures.tasks import baseline, distortion
from tests.support.enumeration import close, inside, summed_kl
from tests.support.strategies import for_all, unit

values = st.lists(st.integers(-4, 4), min_size=5, max_size=5).map(lambda v: np.array(v, dtype=float) / 2)
charges = st.lists(st.integers(1, 9), min_size=5, max_size=5).map(lambda v: np.array(v, dtype=float) / sum(v))


@evidence(
    "Definition 2.5",
    "property",
    controls={
        "the divergence reversed": {
            "divergence": lambda q, r: summed_kl(r, q),
            "breaks": "its value is KL(q || q_beta)",
        },
        "a demand 1 % further": {"demand": 1.01, "breaks": "E_q g >= kappa"},
        "twice the cost of the intrinsic solution": {"intrinsic": 2.0, "breaks": "distortion is extra cost"},
        "a task score of the other sign": {"lean": -1.0, "breaks": "no feasible law is nearer"},
    },
)
def distortion_is_the_least_extra_cost(
    divergence: Callable[[np.ndarray, np.ndarray], float] = summed_kl,
    demand: float = 1.0,
    intrinsic: float = 1.0,
    lean: float = 1.0,
) -> str:
    """(15): the law found has E_q psi = tau and E_q g >= kappa, and its value is KL(q || p) - KL(q_beta || p).

    log(q/q_beta) is c + b psi + gamma g, gamma >= 0, and 0 if slack: as KL is convex, no feasible law is nearer.
    """
    reached = {"the task is a demand": 0, "the task is met already": 0}

    @for_all(charges, values, values, unit, unit, examples=150)
    def each(p, psi, g, far, share):
        psi, g = psi + np.array([0, 0.5, 5, 0, 0]), g + np.array([0, 0, 0, 0.25, 3])  # neither constant nor dependent
        base = baseline(psi, inside(p, psi, far), masses=p)
        r = base.masses
        most = float(r @ g) + share * 0.2 * float(np.sqrt(r @ (g - r @ g) ** 2))
        kappa = most if share > 0.3 else float(r @ g) - 0.5
        try:
            found = distortion(base, g, kappa)
        except InfeasibleTarget:  # no law has both means
            return
        q, level = found.masses, float(r @ g) + demand * (kappa - float(r @ g))
        expect(close(q @ psi, r @ psi, 1e-8, 1e-9), "E_q psi = tau", left=q @ psi, right=r @ psi)
        expect(q @ g >= level - 1e-8, "E_q g >= kappa", left=q @ g, right=level)
        expect(close(found.value, divergence(q, r), 1e-7, 1e-9), "its value is KL(q || q_beta)", left=found.value)
        design = np.stack([np.ones(5), psi, lean * g], axis=1)
        fit, *_ = np.linalg.lstsq(design, np.log(q / r), rcond=None)
        least = np.abs(design @ fit - np.log(q / r)).max() < 1e-6 and fit[2] > -1e-6
        expect(least, "no feasible law is nearer", fit=fit, q=q, base=r)
        tight = fit[2] < 1e-6 or close(q @ g, kappa, 1e-7, 1e-8)
        expect(tight, "a task with a multiplier is tight", multiplier=fit[2], left=q @ g, right=kappa)
        extra = summed_kl(q, p) - intrinsic * summed_kl(r, p)
        expect(close(found.value, extra, 1e-6, 1e-8), "distortion is extra cost", left=found.value, right=extra)
        reached["the task is a demand" if kappa > r @ g else "the task is met already"] += 1

    expect(min(reached.values()) >= 20, "both kinds were drawn", counts=reached)
    return f"drawn: {', '.join(f'{n} where {key}' for key, n in reached.items())}."
