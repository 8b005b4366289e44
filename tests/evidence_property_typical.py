"""Property rung, Lemma F.4 and the exact shell: masses of balls around the mode of N(0, I_d), drawn.

The oracle is the incomplete gamma function as a series of positive terms in mpmath, to 40 digits.
"""

import math
from collections.abc import Callable

import mpmath as mp
from hypothesis import strategies as st

from distributional_view.proofs_check.evidence import evidence, expect
from distributional_view.theory.measures.typical import (
    chernoff_exponent,
    log_ball_mass,
    log_mode_ball_mass,
    paper_exponent,
)
from tests.support.strategies import for_all

dimensions = st.one_of(st.just(1), st.integers(1, 12), st.integers(13, 3000))
deficits = st.one_of(st.floats(1e-6, 1e-2), st.floats(0.01, 0.99), st.floats(0.99, 1 - 1e-9))


def log_gamma_share(dimension: int, delta: float) -> mp.mpf:
    """log P(chi-square of d degrees <= (1 - delta) d): x^a e^-x/Gamma(a + 1) times 1F1(1; a + 1; x), a = d/2."""
    with mp.workdps(40):
        a = mp.mpf(dimension) / 2
        x = (1 - mp.mpf(delta)) * a
        return a * mp.log(x) - x - mp.loggamma(a + 1) + mp.log(mp.hyp1f1(1, a + 1, x, maxterms=10**6))


@evidence(
    "Lemma F.4",
    "property",
    controls={
        "twice the exponent": {"factor": 2.0, "breaks": "P <= exp(-d delta^2/4)"},
        "the exponent 1.1 delta^2/4": {"factor": 1.1, "breaks": "P <= exp(-d delta^2/4)"},
        "the ball of radius (1 - delta) sqrt(d)": {"power": 1.0, "breaks": "the mass of the ball"},
    },
)
def mode_ball_is_light(factor: float = 1.0, power: float = 0.5) -> str:
    """log P(|X|^2 <= (1 - delta) d) against mpmath, and below -d delta^2/4, the exponent that the library states."""
    reached = {"d = 1": 0, "d > 100": 0, "delta < 0.01": 0, "delta > 0.99": 0}

    @for_all(dimensions, deficits, examples=150)
    def each(d, delta):
        truth = float(log_gamma_share(d, delta))
        found = log_ball_mass(d, (1 - delta) ** power * math.sqrt(d))
        near = abs(found - truth) <= 1e-10 * abs(truth) + 1e-12
        expect(near, "the mass of the ball", d=d, delta=delta, left=found, right=truth)
        same = log_mode_ball_mass(d, delta)
        expect(abs(same - truth) <= 1e-10 * abs(truth) + 1e-12, "by the deficit", left=same, right=truth)
        stated = paper_exponent(delta)
        expect(abs(stated - delta**2 / 4) <= 1e-15 * delta, "the exponent is delta^2/4", left=stated, delta=delta)
        for key, here in zip(reached, (d == 1, d > 100, delta < 0.01, delta > 0.99), strict=True):
            reached[key] += here

    for d, delta in ((200, 0.3), (10_000, 0.03), (10_000_000, 0.005)):  # the last is within 6 % of the bound's exponent
        bound, truth = -factor * d * delta**2 / 4, float(log_gamma_share(d, delta))
        expect(truth <= bound, "P <= exp(-d delta^2/4)", d=d, delta=delta, log_p=truth, bound=bound)
    expect(min(reached.values()) >= 3, "all regions were drawn", counts=reached)
    return f"drawn: {', '.join(f'{n} with {key}' for key, n in reached.items())}; masses to ten digits."


@evidence(
    "Ours: exact shell",
    "property",
    controls={
        "the proof's exponent delta^2/4": {"exponent": lambda d: d**2 / 4, "breaks": "the best exponent"},
        "the upper tail's exponent": {"exponent": lambda d: (d - math.log1p(d)) / 2, "breaks": "the best exponent"},
        "1 % more": {"exponent": lambda d: 1.01 * chernoff_exponent(d), "breaks": "the best exponent"},
        "1 % less": {"exponent": lambda d: 0.99 * chernoff_exponent(d), "breaks": "the best exponent"},
    },
)
def shell_decays_at_the_chernoff_exponent(
    exponent: Callable[[float], float] = lambda d: chernoff_exponent(d),
) -> str:
    """-I(delta) is the least value of log E exp(-s (|X_1|^2 - 1 + delta)) over s, by mpmath; -log(P)/d tends to I."""
    reached = {"delta < 1e-3": 0, "delta > 0.99": 0, "d > 100": 0}

    @for_all(dimensions, deficits, examples=120)
    def each(d, delta):
        with mp.workdps(40):
            s = mp.findroot(lambda s: (1 - mp.mpf(delta)) - 1 / (1 + 2 * s), mp.mpf(delta) / (2 * (1 - mp.mpf(delta))))
            best = float(mp.log(1 + 2 * s) / 2 - s * (1 - mp.mpf(delta)))
        found = exponent(delta)
        near = abs(found - best) <= 1e-10 * best
        expect(near, "the best exponent of Chernoff's bound", delta=delta, left=found, right=best)
        expect(found >= delta**2 / 4 * (1 - 1e-12), "I >= delta^2/4", delta=delta, left=found)
        log_p = log_mode_ball_mass(d, delta)
        room = 0.5 * math.log(math.pi * d) + 1 / (6 * d)
        slack = 1e-9 * (1 + abs(log_p))
        expect(-d * found - room - slack <= log_p <= -d * found + slack, "P is within its rate", d=d, log_p=log_p)
        for key, here in zip(reached, (delta < 1e-3, delta > 0.99, d > 100), strict=True):
            reached[key] += here

    expect(min(reached.values()) >= 3, "all regions were drawn", counts=reached)
    return f"drawn: {', '.join(f'{n} with {key}' for key, n in reached.items())}; exponents to ten digits."
