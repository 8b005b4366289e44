"""Property rung, Appendix D.4: total variation along both paths, finite steps, speeds, averages, the Gaussian ordering.

Limits are tested as rates: the error of a step ten times finer must fall. The normal law's numbers come from mpmath.
"""

import itertools
import math
from collections.abc import Callable

import mpmath as mp
import numpy as np
from hypothesis import assume
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.optimize import brentq

from distributional_view.proofs_check.evidence import evidence, expect
from distributional_view.proofs_check.oracles import normal_hazard, normal_mean_residual, normal_survival
from distributional_view.theory import (
    AtomicLaw,
    GaussianLaw,
    Hard,
    Klsc,
    calibrate_klsc,
    hard_tv_speed,
    klsc_tv_speed,
    mean_hard_tv_speed,
    mean_klsc_tv_speed,
    mean_tv_step,
    tv,
    tv_step,
)
from distributional_view.theory.measures import finite as finite
from tests.support.drawn import Drawn
from tests.support.enumeration import close, tilted
from tests.support.quadrature import average, has_atoms, log_moment, mass, points
from tests.support.strategies import (
    finite_measures,
    floored_laws,
    for_all,
    gaussian_laws,
    heavy_atomic_laws,
    near_constant_laws,
    pareto_law,
    shrinks,
    smooth_laws,
    tilting_laws,
    truncating_laws,
    two_quantiles,
    unit,
    upper_quantile,
    wild_laws,
)

SOFT = 1 / math.sqrt(2 * math.pi)
shares = st.floats(0.05, 0.95)


def below(law: AtomicLaw, low: float, high: float) -> tuple[np.ndarray, np.ndarray]:
    """Values and masses of the atoms in [low, high)."""
    values, masses = law.atoms()
    inside = (values >= low) & (values < high)
    return values[inside], masses[inside]


@evidence("Lemma D.10", "property", controls={"the difference of masses": {"conditional": False}})
def tv_between_truncations(conditional: bool = True) -> str:
    @for_all(finite_measures(), unit, unit)
    def measures(measure, a, b):
        masses, scores = measure
        law = AtomicLaw(scores, masses=masses)
        q, r = (Hard(law, t) for t in two_quantiles(law, a, b))
        left = 0.5 * float(
            np.abs(finite.reweight(scores, q, masses=masses) - finite.reweight(scores, r, masses=masses)).sum()
        )
        right = (q.kept - r.kept) / (q.kept if conditional else 1.0)
        expect(close(left, right), "half the sum is 1 - S(t')/S(t)", measure=measure, q=q, r=r, left=left, right=right)
        expect(close(tv(q, r), left), "the library's TV", measure=measure, q=q, r=r, left=tv(q, r), right=left)

    drawn = Drawn("one law", "almost disjoint", "atoms", "a density")

    @for_all(st.one_of(truncating_laws(), wild_laws()), unit, unit, examples=160)
    def laws(law, a, b):
        t = two_quantiles(law, a, b)
        q, r = (Hard(law, v) for v in t)
        between, kept = mass(law, *t), mass(law, t[0])
        left, right = tv(q, r), between / (kept if conditional else 1.0)
        expect(close(left, right, 1e-8, 1e-11), "1 - S(t')/S(t)", q=q, r=r, left=left, right=right)
        drawn.note({"one law": between == 0, "almost disjoint": between > 0.9 * kept})
        drawn.note({"atoms": has_atoms(law), "a density": not has_atoms(law)})

    return (
        "TV(q_t, q_t') = 1 - S(t')/S(t): by sums on random measures, by quadrature for laws with atoms; "
        f"drawn: {drawn.reached(3)}."
    )


@evidence(
    "Lemma D.10", "property", controls={"half the hazard": {"factor": 0.5}, "the density": {"conditional": False}}
)
def tv_to_first_order(factor: float = 1.0, conditional: bool = True) -> str:
    @for_all(smooth_laws(), shares)
    def each(law, share):
        t = upper_quantile(law, share)
        rate = factor * law.density(t) / (law.survival(t) if conditional else 1.0)
        errors = [abs(tv(Hard(law, t), Hard(law, t + d / rate)) / d - 1) for d in (1e-2, 1e-3, 1e-4)]
        expect(shrinks(errors, 0.2, 1e-7), "TV = h dt + O(dt^2)", law=law, t=t, errors=errors)

    return "TV/(h(t)(t' - t)) - 1 falls like t' - t for normal, Beta, exponential and Pareto laws."


@evidence(
    "Lemma D.11",
    "property",
    controls={
        "1/tau": {"inverse": lambda law, t: law.tail_mean(t)},
        "1/(2m)": {"inverse": lambda law, t: 2 * residual(law, t)},
    },
)
def hard_speed(inverse: Callable[..., float] | None = None) -> str:
    @for_all(smooth_laws(), shares, examples=15, shrink=False)
    def each(law, share):
        t, m = upper_quantile(law, share), (inverse or residual)(law, upper_quantile(law, share))
        assume(abs(m) > 1e-9)
        here, width = Hard(law, t), 1 / law.hazard(t)
        steps = [Hard(law, t + d * width) for d in (1e-2, 1e-3, 1e-4)]
        slopes = [(there.mean - here.mean) / (there.threshold - t) for there in steps]
        errors = [abs(slope / (law.hazard(t) * m) - 1) for slope in slopes]
        expect(shrinks(errors, 0.2, 1e-6), "tau' = h m", law=law, t=t, errors=errors)
        errors = [abs(tv_step(here, there) * m - 1) for there in steps]
        expect(shrinks(errors, 0.2, 1e-6), "TV/dtau -> 1/m", law=law, t=t, errors=errors)
        expect(close(hard_tv_speed(law, t), 1 / residual(law, t), 1e-7), "the library's speed", law=law, t=t)

    return "tau' = h m and TV/dtau -> 1/m with an error of first order, m by quadrature; Pareto laws included."


def residual(law, t: float) -> float:
    """m(t) = E[Y | Y >= t] - t by quadrature."""
    return average(law, low=t) - t


@evidence("Ours: finite step", "property", controls={"the threshold for the shell's mean": {"shell": "threshold"}})
def hard_step(shell: str = "mean") -> str:
    @for_all(st.one_of(finite_measures().map(lambda m: AtomicLaw(m[1], masses=m[0])), heavy_atomic_laws()), unit, unit)
    def atoms(law, a, b):
        t, u = two_quantiles(law, a, b)
        values, masses = below(law, t, u)
        assume(masses.sum() > 1e-6)
        dropped = float(values @ masses / masses.sum()) if shell == "mean" else t
        above, mass = below(law, u, math.inf)
        left, right = tv_step(Hard(law, t), Hard(law, u)), 1 / (float(above @ mass / mass.sum()) - dropped)
        expect(close(left, right, 1e-8), "TV/dtau", law=law.atoms(), t=t, u=u, left=left, right=right)

    @for_all(smooth_laws(), shares, shares)
    def smooth(law, a, b):
        t, u = two_quantiles(law, a, b)
        assume(mass(law, t, u) > 1e-3)
        dropped = average(law, low=t, high=u) if shell == "mean" else t
        left, right = tv_step(Hard(law, t), Hard(law, u)), 1 / (average(law, low=u) - dropped)
        expect(close(left, right, 1e-6), "TV/dtau", law=law, t=t, u=u, left=left, right=right)

    return "TV/dtau = 1/(tau(t') - E[Y | t <= Y < t']) for any step, pools with outliers and ties included."


@evidence("Lemma D.12", "property", controls={"without the half": {"half": 1.0}, "the sd below": {"power": 0.5}})
def soft_speed(half: float = 0.5, power: float = 1.0) -> str:
    @for_all(finite_measures(), st.floats(0.0, 3.0))
    def each(measure, beta):
        masses, scores = measure
        law, q = AtomicLaw(scores, masses=masses), tilted(masses, scores, beta)
        mean = float(q @ scores)
        variance = float(q @ (scores - mean) ** 2)
        speed = half * float(q @ np.abs(scores - mean)) / variance**power
        unit_step = 1 / math.sqrt(variance)
        there = [tilted(masses, scores, beta + d * unit_step) for d in (1e-2, 1e-3, 1e-4)]
        ratios = [0.5 * float(np.abs(r - q).sum()) / float((r - q) @ scores) for r in there]
        errors = [abs(ratio / speed - 1) for ratio in ratios]
        expect(shrinks(errors, 0.2, 1e-7), "TV/dtau -> V_soft", measure=measure, beta=beta, errors=errors)
        found = klsc_tv_speed(law, beta)
        expect(close(found, speed, 1e-8), "the library's speed", measure=measure, beta=beta, left=found, right=speed)

    @for_all(tilting_laws(), unit)
    def laws(law, beta):
        b = beta / math.sqrt(law.variance)
        log_z, mean = log_moment(law, b), average(law, b)
        deviation = 0.0
        for low, high in ((-math.inf, mean), (mean, math.inf)):  # |Y - mean| has a kink: the two sides of it
            side, weights = points(law, low, high)
            deviation += math.fsum(weights * np.exp(b * side - log_z) * np.abs(side - mean))
        values, weights = points(law)
        variance = math.fsum(weights * np.exp(b * values - log_z) * (values - mean) ** 2)
        assume(variance > 1e-8)
        reach = min(float(values.max()) - mean, 5 * math.sqrt(variance))
        ratios = [tv_step(Klsc(law, b), Klsc(law, b + d / reach)) for d in (1e-1, 1e-2, 1e-4)]
        speed = half * deviation / variance**power
        found = klsc_tv_speed(law, b)
        expect(close(2 * half * found, speed, 1e-6), "the library's speed", law=law, beta=b, left=found, right=speed)
        errors = [abs(ratio / speed - 1) for ratio in ratios]
        expect(shrinks([errors[0], errors[-1]], 0.1, 1e-4), "TV/dtau -> V_soft", law=law, beta=b, errors=errors)

    return "TV/dtau -> E|Y - tau|/(2 Var) under the tilt, error of first order: sums on random measures, then any law."


@evidence("Lemma D.12", "property", controls={"without the half": {"half": 1.0}})
def mean_soft_speed(half: float = 0.5) -> str:
    """(105)-(107) against the length of a polygon of tilts, which grows to the integral with its number of sides."""

    @for_all(
        st.one_of(heavy_atomic_laws(), near_constant_laws(), gaussian_laws()), unit, st.floats(0.1, 2.0), examples=15
    )
    def each(law, start, length):
        low, high = (v / math.sqrt(law.variance) for v in (start, start + length))
        rise = law.tilt(high).mean - law.tilt(low).mean
        assume(rise > 1e-6)
        found = 2 * half * mean_klsc_tv_speed(law, low, high)
        polygons = []
        for sides in (4, 32, 256):
            corners = [Klsc(law, float(b)) for b in np.linspace(low, high, sides + 1)]
            polygons.append(sum(tv(q, r) for q, r in itertools.pairwise(corners)) / rise)
        errors = [abs(p / found - 1) for p in polygons]
        ordered = polygons[0] <= polygons[1] + 1e-9 and polygons[1] <= polygons[2] + 1e-9
        expect(
            ordered and shrinks([errors[0], errors[-1]], 0.1, 1e-5),
            "polygons",
            law=law,
            low=low,
            high=high,
            errors=errors,
        )

    return "The mean KLSC speed is the length of the path of tilts over the rise of tau: polygons converge to it."


@evidence("Ours: Nelson-Aalen", "property", controls={"logarithms at the atoms": {"jump": lambda x: -math.log1p(-x)}})
def mean_hard_speed(jump: Callable[[float], float] = lambda x: x) -> str:
    @for_all(st.one_of(finite_measures().map(lambda m: AtomicLaw(m[1], masses=m[0])), heavy_atomic_laws()), unit, unit)
    def atoms(law, a, b):
        t, u = two_quantiles(law, a, b)
        values, masses = below(law, t, u)
        assume(masses.sum() > 1e-6)
        t, u = float(values[0]), float(below(law, u, math.inf)[0][0])  # the atoms at which the thresholds act
        total = sum(jump(float(m) / law.survival(float(v))) for v, m in zip(values, masses, strict=True))
        rise = law.tail_mean(u) - law.tail_mean(t)
        found = mean_hard_tv_speed(law, t, u)
        expect(
            close(found, total / rise, 1e-8), "sum of dF/S", law=law.atoms(), t=t, u=u, left=found, right=total / rise
        )
        corners = [Hard(law, float(v)) for v in [*values, u]]
        length = sum(tv(q, r) for q, r in itertools.pairwise(corners))
        expect(close(length, total, 1e-8), "TV from atom to atom", law=law.atoms(), left=length, right=total)
        slow = [Hard(law, t, float(a)) for a in np.linspace(1, 0, 9)]
        released = sum(tv(q, r) for q, r in itertools.pairwise(slow))
        once = jump(law.atom(t) / law.survival(t))
        expect(
            close(released, once, 1e-8), "a tie let go of little by little", law=law.atoms(), left=released, right=once
        )

    @for_all(smooth_laws(), shares, shares, examples=25)
    def smooth(law, a, b):
        t, u = two_quantiles(law, a, b)
        assume(law.survival(t) - law.survival(u) > 1e-2)
        length = quad(law.hazard, t, u, epsrel=1e-10)[0]
        right = length / (law.tail_mean(u) - law.tail_mean(t))
        left = mean_hard_tv_speed(law, t, u)
        expect(close(left, right, 1e-7), "integral of h over the rise", law=law, t=t, u=u, left=left, right=right)

    @for_all(floored_laws(), unit)
    def mixed(law, fraction):
        floor = law.ess_inf
        u = floor + fraction * (1 - floor)
        right = jump(floor) + math.log((1 - floor) / (1 - u))  # S is 1 at the atom, 1 - u above it
        left = law.cumulative_hazard(floor, u)
        expect(close(left, right, 1e-8), "one jump, then the integral of h", floor=floor, u=u, left=left, right=right)

    return (
        "The mean hard speed is the sum of dF/S over the rise of tau: TV from atom to atom, in one go or slowly; int h."
    )


@evidence("Gaussian example", "property", controls={"V_soft twice": {"soft": 2 * SOFT}, "m = lambda": {"shift": 0}})
def gaussian_closed_forms(soft: float = SOFT, shift: int = 1) -> str:
    @for_all(
        st.floats(-4.0, 30.0), st.floats(0.05, 3.0), st.floats(-3.0, 3.0), st.floats(0.3, 3.0), st.floats(0.0, 5.0)
    )
    def each(z, width, location, scale, beta):
        law, t, u = GaussianLaw(location, scale), location + scale * z, location + scale * (z + width)
        with mp.workdps(60):
            hazards, masses = [normal_hazard(v) for v in (z, z + width)], [normal_survival(v) for v in (z, z + width)]
            speed = 1 / (hazards[0] - shift * mp.mpf(z)) / scale
            average = mp.log(masses[0] / masses[1]) / (hazards[1] - hazards[0]) / scale
            tail = location + scale * hazards[0]
        wanted = [speed, average, tail, soft / scale, location + beta * scale**2, scale**2]
        q = law.tilt(beta)
        found = [hard_tv_speed(law, t), mean_hard_tv_speed(law, t, u), law.tail_mean(t), klsc_tv_speed(law, beta)]
        for left, right in zip([*found, q.mean, q.variance], wanted, strict=True):
            expect(close(left, float(right), 1e-7), "closed form", law=law, z=z, width=width, left=left, right=right)

    return (
        "Speeds, their averages, tail means and tilts of normal laws agree with 60-digit closed forms, z from -4 to 30."
    )


@evidence(
    "Proposition D.13",
    "property",
    controls={"below the mean": {"lowest": -6.0}, "V_soft times 3.2 (the ratio at 0 is pi)": {"soft": 3.2}},
)
def gaussian_ordering(lowest: float = 0.0, soft: float = 1.0) -> str:
    @for_all(gaussian_laws(), st.floats(0.0, 40.0), st.floats(0.01, 10.0), st.floats(0.0, 5.0))
    def each(law, distance, width, beta):
        z = lowest + distance
        t, u = law.location + law.scale * z, law.location + law.scale * (z + width)
        speed = soft * klsc_tv_speed(law, beta)
        expect(close(klsc_tv_speed(law, beta), SOFT / law.scale, 1e-9), "V_soft = 1/(scale sqrt(2 pi))", law=law)
        with mp.workdps(40):
            wanted = float(1 / (normal_hazard(z) - mp.mpf(z))) / law.scale
        found = hard_tv_speed(law, t)
        expect(close(found, wanted, 1e-7), "V_hard = 1/(scale (lambda - z))", law=law, z=z, left=found, right=wanted)
        expect(hard_tv_speed(law, t) > speed, "V_hard > V_soft", law=law, z=z, left=hard_tv_speed(law, t), right=speed)
        low, high = (calibrate_klsc(law, law.tail_mean(v)).multiplier for v in (t, u))
        left, right = mean_hard_tv_speed(law, t, u), soft * mean_klsc_tv_speed(law, low, high)
        expect(close(right, soft * SOFT / law.scale, 1e-7), "its mean is the same number", law=law, right=right)
        expect(left > right, "averages over the same levels", law=law, z=z, width=width, left=left, right=right)

    @for_all(gaussian_laws(), st.floats(0.0, 5.0), st.floats(0.01, 1.0), examples=15)
    def steps(law, distance, step):
        z = lowest + distance
        level = law.tail_mean(law.location + law.scale * z)
        left, right = (mean_tv_step(path, law, [level], step * law.scale) for path in (Hard, Klsc))
        expect(left > soft * right, "finite steps (108)", law=law, z=z, width=step, left=left, right=right)

    return (
        "V_hard > V_soft pointwise, in the mean and in finite steps for normal laws of any mean and scale, t >= mean."
    )


@evidence("Ours: crossing", "property", controls={"t* = 0": {"crossing": 0.0}, "t* = -2.45": {"crossing": -2.45}})
def exact_crossing(crossing: float | None = None) -> str:
    with mp.workdps(30):
        root = brentq(lambda z: float(normal_mean_residual(z) - mp.sqrt(2 * mp.pi)), -3.0, -2.0, xtol=1e-14)
    star = root if crossing is None else crossing

    @for_all(gaussian_laws(), st.floats(1e-6, 30.0), st.floats(0.0, 5.0), examples=100)
    def each(law, distance, beta):
        speed = klsc_tv_speed(law, beta)
        above, under = (hard_tv_speed(law, law.location + law.scale * (star + d)) for d in (distance, -distance))
        expect(
            under < speed < above, "the sign changes at t*", law=law, d=distance, under=under, soft=speed, above=above
        )

    return f"V_hard - V_soft has the sign of t - t* for normal laws of any mean and scale, t* = {root:.12f}."


@evidence("Lemma D.11", "property", controls={"1/m falls": {"exponent": -1.0}})
def pareto_speed(exponent: float = 1.0) -> str:
    """A heavy tail has m(t) = t/(a - 1): its hard path slows down instead of speeding up."""

    @for_all(st.sampled_from([1.5, 2.5, 4.0]), st.floats(1e-6, 0.9))
    def each(index, share):
        law = pareto_law(index)
        t = upper_quantile(law, share)
        left, right = hard_tv_speed(law, t), (index - 1) / t**exponent
        expect(close(left, right, 1e-7), "(a - 1)/t", index=index, t=t, left=left, right=right)

    return "Pareto(a): V_hard = (a - 1)/t, a closed form for a law without a finite variance."
