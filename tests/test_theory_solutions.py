"""`Hard` and `Klsc` answer the same questions: against brute force on finite laws with ties, quadrature elsewhere."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from distributional_view.theory import AtomicLaw, GaussianLaw, Hard, Klsc, PiecewiseLaw, ScoreLaw
from tests.support.strategies import capped_laws, finite_measures, floored_laws, smooth_laws, unit, upper_quantile

QUESTIONS = {
    "prior",
    "law",
    "mean",
    "variance",
    "mean_from",
    "kl",
    "log_ratio",
    "survival",
    "atom",
    "mass_below",
    "charges_below",
    "boundary_mass",
    "status",
}
ALONE = {Hard: {"threshold", "tie_fraction", "dropped_tie", "kept", "log_kept"}}
ALONE[Klsc] = {"multiplier", "limit", "log_partition", "log_partition_from_origin", "origin"}


@pytest.mark.parametrize("kind", [Hard, Klsc])
def test_equal_interfaces(kind):
    """What only one of them has is its parameters and its normaliser."""
    public = {name for name in {*dir(kind), *kind.__dataclass_fields__} if not name.startswith("_")}
    assert public == QUESTIONS | ALONE[kind]


def same(a: float, b: float, tolerance: float = 1e-11) -> bool:
    return abs(a - b) <= tolerance * max(1.0, abs(b))


def agrees_with_masses(q: Hard | Klsc, values: np.ndarray, masses: np.ndarray, prior: np.ndarray) -> None:
    """Every answer of q and of its law from the masses of q, by sums."""
    law, mean = q.law, float(masses @ values)
    variance = float(masses @ (values - mean) ** 2)
    for said in (q, law):
        assert same(said.mean, mean)
        assert same(said.mean_from(1.25), mean - 1.25)
        assert same(said.variance, variance)
    charged = masses > 0
    assert same(q.kl, float(masses[charged] @ np.log(masses[charged] / prior[charged])), 1e-10)
    with np.errstate(divide="ignore"):
        assert np.allclose(q.log_ratio(values), np.log(masses / prior), atol=1e-10)
    assert (law.ess_inf, law.ess_sup) == (values[charged].min(), values[charged].max())
    for level in np.unique([*values, *(values + 0.25), values.min() - 1]).tolist():
        at, below, above = float(masses[values == level].sum()), masses[values < level].sum(), masses[values >= level]
        assert q.charges_below(level) == (below > 0)
        assert same(q.mass_below(level), float(below))
        for said in (q, law):
            assert same(said.atom(level), at)
            assert same(said.survival(level), float(above.sum()))
        if above.sum() > 0:
            tail = values[values >= level]
            residual = float(above @ (tail - level)) / float(above.sum())
            assert same(law.mean_residual(level), residual)
            assert same(law.tail_variance(level), float(above @ (tail - level - residual) ** 2) / float(above.sum()))
            assert law.tail_inf(level) == tail[above > 0].min()
            shell = float(masses[(values >= level) & (values < level + 0.75)].sum()) / float(above.sum())
            assert same(q.boundary_mass(level, 0.75), shell)
            assert same(law.shell_mass(level, 0.75), shell)
    for beta in (-1.5, 0.7):
        tilted = masses * np.exp(beta * (values - 1))
        assert same(law.log_partition_from(beta, 1.0), math.log(tilted.sum()))
        assert same(law.tilt(beta).mean, float(tilted @ values) / float(tilted.sum()))


def atoms_of(measure: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    masses, scores = measure
    values = np.unique(scores[masses > 0])
    return values, np.array([masses[scores == v].sum() for v in values])


@given(finite_measures(), st.integers(0, 5), st.sampled_from([0.0, 0.3, 1.0]))
def test_truncations_of_finite_laws(measure, place, fraction):
    values, prior = atoms_of(measure)
    threshold = float(values[place % values.size])
    fraction = fraction if threshold < values[-1] else max(fraction, 0.3)
    kept = np.where(values > threshold, 1.0, np.where(values == threshold, fraction, 0.0)) * prior
    q = Hard(AtomicLaw(measure[1], masses=measure[0]), threshold, fraction)
    agrees_with_masses(q, values, kept / kept.sum(), prior)


@given(finite_measures(), st.sampled_from([0.0, 0.8, 3.0, math.inf]))
def test_tilts_of_finite_laws(measure, beta):
    values, prior = atoms_of(measure)
    top = values == values.max()
    tilted = np.where(top, prior, 0.0) if beta == math.inf else prior * np.exp(beta * (values - values.max()))
    agrees_with_masses(Klsc(AtomicLaw(measure[1], masses=measure[0]), beta), values, tilted / tilted.sum(), prior)


def uniform_with_atom(top: bool) -> PiecewiseLaw:
    """min(U, 0.6) or max(U, 0.6) for U uniform on [0, 1]."""
    clip = np.minimum if top else np.maximum
    return PiecewiseLaw(lambda u: clip(u, 0.6), np.zeros_like, [0.0, 0.6, 1.0])


@pytest.mark.parametrize(
    ("prior", "threshold", "fraction", "density", "top", "atom"),
    [
        (GaussianLaw(0.5, 2.0), -3.0, 1.0, stats.norm(0.5, 2.0).pdf, math.inf, 0.0),
        (GaussianLaw(0.5, 2.0), 4.0, 1.0, stats.norm(0.5, 2.0).pdf, math.inf, 0.0),
        (PiecewiseLaw(lambda u: u, lambda u: np.log(2 * u), [0.0, 1.0]), 0.3, 1.0, lambda y: 2 * y, 1.0, 0.0),
        (uniform_with_atom(top=False), 0.6, 0.25, np.ones_like, 1.0, 0.25 * 0.6),
        (uniform_with_atom(top=False), 0.6, 0.0, np.ones_like, 1.0, 0.0),
        (uniform_with_atom(top=False), 0.7, 1.0, np.ones_like, 1.0, 0.0),
        (uniform_with_atom(top=True), 0.2, 1.0, lambda y: np.where(y < 0.6, 1.0, 0.0), 0.6, 0.4),
    ],
)
def test_truncations_of_laws_with_a_density(prior, threshold, fraction, density, top, atom):
    """Integrals of the density above the threshold, and the atom by hand (at 0.6 where there is one)."""
    upper = min(top, threshold + 60.0)

    def integral(weight, start=threshold, end=upper):
        return integrate.quad(lambda y: weight(y) * float(density(y)), start, end, epsabs=1e-14, epsrel=1e-13)[0]

    q = Hard(prior, threshold, fraction)
    law, kept = q.law, integral(lambda y: 1.0) + atom
    mean = (integral(lambda y: y) + 0.6 * atom) / kept
    assert same(q.kept, kept, 1e-11)
    assert same(law.mean, mean, 1e-11)
    assert same(q.variance, (integral(lambda y: (y - mean) ** 2) + (0.6 - mean) ** 2 * atom) / kept, 1e-10)
    assert law.ess_inf == pytest.approx(threshold, abs=1e-15)
    assert law.ess_sup == prior.ess_sup
    assert law.survival(threshold - 1) == law.survival(threshold) == 1.0
    for level in (threshold + np.array([0.05, 0.11, 0.17])).tolist():
        high = atom if top == 0.6 and level <= 0.6 else 0.0
        above = integral(lambda y: 1.0, level) + high
        assert same(law.survival(level), above / kept, 1e-10)
        assert same(q.mass_below(level), 1 - above / kept, 1e-10)
        assert same(law.share_below(-math.inf, level), 1 - above / kept, 1e-10)
        assert same(law.density(level), float(density(level)) / kept, 1e-9)
        excess = integral(lambda y, level=level: y - level, level) + high * (0.6 - level)
        assert same(law.mean_residual(level), excess / above, 1e-10)
        rest = excess / above
        squares = integral(lambda y, at=level + rest: (y - at) ** 2, level) + high * (0.6 - level - rest) ** 2
        assert same(law.tail_variance(level), squares / above, 1e-9)
        wide = integral(lambda y: 1.0, level, min(upper, level + 0.1)) + (high if level + 0.1 > 0.6 else 0.0)
        assert same(law.shell_mass(level, 0.1), wide / above, 1e-9)
    assert law.density(threshold - 0.01) == 0.0
    for beta in (-0.7, 0.9):
        z = (integral(lambda y, b=beta: math.exp(b * y)) + atom * math.exp(beta * 0.6)) / kept
        assert same(law.log_partition(beta), math.log(z), 1e-10)
        tilted = (integral(lambda y, b=beta: y * math.exp(b * y)) + 0.6 * atom * math.exp(beta * 0.6)) / kept / z
        assert same(law.tilt(beta).mean, tilted, 1e-10)
    assert law.atoms()[1].sum() == pytest.approx(atom / kept, abs=1e-12)


@given(st.one_of(smooth_laws(heavy=False), capped_laws(), floored_laws()), unit)
def test_a_truncated_law_is_a_law(prior, share):
    """What follows from the answers of any law holds for this one: total variance, tails of tails, no mass below."""
    q = Hard(prior, upper_quantile(prior, share))
    law: ScoreLaw = q.law
    inner = upper_quantile(prior, 0.5 * share)
    low, mean = q.mass_below(inner), law.mean
    if low in (0.0, 1.0):
        return
    high_mean, high_variance = law.tail_mean(inner), law.tail_variance(inner)
    low_mean = (mean - (1 - low) * high_mean) / low
    between = (1 - low) * (high_mean - mean) ** 2 + low * (low_mean - mean) ** 2
    assert (1 - low) * high_variance + between <= law.variance * (1 + 1e-9) + 1e-12
    assert law.tail_mean(law.ess_inf) == pytest.approx(mean, rel=1e-12)
    assert Hard(law, inner).mean == pytest.approx(Hard(prior, inner).mean, rel=1e-10)
    assert Hard(law, inner).kl + q.kl == pytest.approx(Hard(prior, inner).kl, abs=1e-9)
    assert law.cumulative_hazard(inner, inner) == 0.0


def test_far_tails_keep_their_digits():
    """Var(Z | Z >= z) = 1/z^2 (1 - 6/z^2 + 50/z^4 - ...) far out, where 1 - lambda (lambda - z) has no digits left."""
    for z in (1e4, 1e6, 1e8):
        assert Hard(GaussianLaw(), z).variance * z**2 == pytest.approx(1 - 6 / z**2, rel=1e-13)
    # On both sides of the change of method, by mpmath at 60 digits.
    assert Hard(GaussianLaw(), 2.0).variance == pytest.approx(0.11427910041408125, rel=1e-13)
    assert Hard(GaussianLaw(), 2.0001).variance == pytest.approx(0.1142731650250572, rel=1e-14)
    law = Hard(GaussianLaw(), 60.0).law  # S(60) underflows
    assert law.density(60.0) == pytest.approx(GaussianLaw().hazard(60.0), rel=1e-13)
    assert law.survival(60.01) == pytest.approx(math.exp(-GaussianLaw().cumulative_hazard(60.0, 60.01)), rel=1e-10)


def test_a_truncation_inside_a_gap_begins_where_mass_begins():
    def log_density(u: np.ndarray) -> np.ndarray:
        return np.where((u > 0.25) & (u < 0.75), -np.inf, math.log(2))

    prior = PiecewiseLaw(lambda u: u, log_density, [0.0, 0.25, 0.75, 1.0])
    law = Hard(prior, 0.5).law
    assert (law.ess_inf, law.ess_sup, law.mean) == (0.75, 1.0, pytest.approx(0.875, rel=1e-13))
    assert law.variance == pytest.approx(1 / 192, rel=1e-12)
    assert Hard(AtomicLaw([0, 1, 3]), 1.5).law.ess_inf == 3.0


@pytest.mark.parametrize("q", [Hard(GaussianLaw(), 0.5), Klsc(GaussianLaw(), 1.5), Klsc(AtomicLaw([0, 1]), math.inf)])
def test_log_ratios_of_a_list_and_of_any_shape(q):
    scores = np.array([[0.0, 0.5], [1.0, 2.0]])
    assert q.log_ratio(scores.ravel().tolist()).tolist() == q.log_ratio(scores).ravel().tolist()


def test_inactive_constraints_leave_the_law():
    for prior in (GaussianLaw(), AtomicLaw([0, 1])):
        assert Hard(prior, -math.inf).law is prior
        assert Klsc(prior, 0.0).variance == prior.variance


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Hard(GaussianLaw(), 0.0).law.shell_mass(0.5, -1.0), "width = -1.0"),
        (lambda: Hard(uniform_with_atom(top=True), 0.2).law.tail_variance(0.7), "threshold = 0.7"),
        (lambda: Hard(AtomicLaw([0, 1]), 1.0).law.density(1.0), "no density"),
        (lambda: AtomicLaw([0, 1]).truncated(1.0, 0.0), "tie_fraction = 0.0"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
