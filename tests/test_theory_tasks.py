"""Task injection on finite measures: KKT conditions, exact distortion, the paper's bound, and the drift figure."""

import json
import math
from itertools import pairwise

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.optimize import minimize

from distributional_view.figures import drift
from distributional_view.figures.artefact import Settings, save
from distributional_view.theory.errors import InfeasibleTarget
from distributional_view.theory.measures.dual import gibbs
from distributional_view.theory.measures.finite import finite_kl
from distributional_view.theory.measures.tasks import (
    baseline,
    distortion,
    distortion_bound,
    largest_task_mean,
    task_injected,
)
from distributional_view.toy.drift import label_score, reference_at, reference_score
from distributional_view.toy.kde import log_density
from distributional_view.toy.world import paper_world
from tests.support.strategies import finite_measures, unit

tasks = st.lists(st.integers(-4, 4), min_size=6, max_size=6).map(lambda v: np.array(v) / 2)


def inside(p, values, fraction):
    """A level strictly between the mean and the largest value with mass."""
    mean = float(p @ values)
    return mean + fraction * (float(values[p > 0].max()) - mean)


def brute_ceiling(p, psi, g, target):
    """The largest E[g] with E[psi] = target: the optimum of a linear program has at most two points."""
    best, charged = -math.inf, np.flatnonzero(p > 0)
    for i in charged:
        for j in charged:
            if psi[i] <= target <= psi[j]:
                w = 0.5 if psi[i] == psi[j] else (target - psi[i]) / (psi[j] - psi[i])
                best = max(best, (1 - w) * g[i] + w * g[j], max(g[i], g[j]) if psi[i] == psi[j] else -math.inf)
    return best


@given(finite_measures(), tasks, st.lists(st.integers(1, 9), min_size=6, max_size=6))
def test_gibbs_attains_the_supremum(measure, f, other):
    """Lemma E.2: no q does better than the tilt, and the tilt does exactly log E[e^f]."""
    p, _ = measure
    q, log_z = gibbs(f, masses=p)
    assert float(q @ f) - finite_kl(q, p) == pytest.approx(log_z, abs=1e-12)
    assert log_z == pytest.approx(math.log(float(p @ np.exp(f))), abs=1e-12)
    rival = np.where(p > 0, other, 0) / np.where(p > 0, other, 0).sum()
    assert float(rival @ f) - finite_kl(rival, p) <= log_z - finite_kl(rival, q) + 1e-12


@given(finite_measures(), tasks, unit, unit)
def test_task_injected_meets_the_kkt_conditions(measure, g, a, b):
    """Lemma E.1: feasible, exponential form, multipliers >= 0, complementary slackness; with them, optimal."""
    p, psi = measure
    assume(np.ptp(g[p > 0]) > 0)
    target, kappa = inside(p, psi, a - 0.2), inside(p, g, b - 0.2)
    ceiling = brute_ceiling_at_least(p, psi, g, target)
    if kappa > ceiling - 1e-3:
        assume(kappa > ceiling + 1e-3)
        with pytest.raises(InfeasibleTarget, match="must be <="):
            task_injected(psi, target, task=g, task_target=kappa, masses=p)
        return
    q, beta, gamma, dual = task_injected(psi, target, task=g, task_target=kappa, masses=p)
    assert min(beta, gamma) >= 0
    assert float(q @ psi) >= target - 1e-9
    assert float(q @ g) >= kappa - 1e-9
    assert beta * (float(q @ psi) - target) == pytest.approx(0, abs=1e-7)
    assert gamma * (float(q @ g) - kappa) == pytest.approx(0, abs=1e-7)
    shape = p * np.exp(beta * (psi - psi.max()) + gamma * (g - g.max()))
    assert q == pytest.approx(shape / shape.sum(), abs=1e-10)
    assert dual == pytest.approx(finite_kl(q, p), abs=1e-7)


def brute_ceiling_at_least(p, psi, g, target):
    """As above, with E[psi] >= target: single points and pairs that meet at the target."""
    single = max((g[i] for i in np.flatnonzero(p > 0) if psi[i] >= target), default=-math.inf)
    return max(single, brute_ceiling(p, psi, g, target))


@pytest.mark.parametrize(
    ("target", "kappa", "active"), [(0.4, 0.4, ""), (0.9, 0.4, "psi"), (0.4, 0.9, "g"), (0.9, 0.8, "both")]
)
def test_each_set_of_active_constraints(target, kappa, active):
    """The four cases of complementary slackness, against a primal solver that knows no duals."""
    p = np.array([0.3, 0.2, 0.1, 0.4])
    psi, g = np.array([0.0, 1.0, 0.0, 1.0]), np.array([0.0, 0.0, 1.0, 1.0])
    q, beta, gamma, dual = task_injected(psi, target, task=g, task_target=kappa, masses=p)
    assert (beta > 0, gamma > 0) == (active in ("psi", "both"), active in ("g", "both"))
    primal = minimize(
        lambda r: float((r * np.log(r / p)).sum()),
        np.array([0.1, 0.2, 0.2, 0.5]),
        bounds=[(1e-9, 1)] * 4,
        constraints=[
            {"type": "eq", "fun": lambda r: r.sum() - 1},
            {"type": "ineq", "fun": lambda r: r @ psi - target},
            {"type": "ineq", "fun": lambda r: r @ g - kappa},
        ],
        options={"ftol": 1e-14, "maxiter": 1000},
    )
    assert primal.success
    assert dual == pytest.approx(primal.fun, abs=1e-7)
    assert q == pytest.approx(primal.x, abs=1e-4)


def test_no_multiplier_is_negative():
    """With g = -psi the level tau is met with room; holding E[psi] at tau by a negative beta would cost more."""
    p, psi = np.array([0.5, 0.5]), np.array([0.0, 1.0])
    q, beta, gamma, _ = task_injected(psi, 0.2, task=-psi, task_target=-0.4, masses=p)
    assert q == pytest.approx([0.6, 0.4])
    assert (beta, gamma) == (0.0, pytest.approx(math.log(1.5)))


@given(finite_measures(), tasks, unit, st.floats(0.05, 0.95))
def test_distortion_is_exact_and_above_the_bound(measure, g, a, f):
    """Definition 2.5: the dual value is KL(q || q_beta) at a q that meets both levels; Theorem E.3 is below it."""
    p, psi = measure
    intrinsic = baseline(psi, inside(p, psi, a), masses=p)
    start = float(intrinsic.masses @ g)
    ceiling = brute_ceiling(p, psi, g, intrinsic.mean)
    assert largest_task_mean(psi, intrinsic.mean, task=g, masses=p) == pytest.approx(ceiling, abs=1e-8)
    assume(ceiling > start + 1e-3)
    kappa = start + f * (ceiling - start)
    found = distortion(intrinsic, g, kappa)
    assert found.task_multiplier > 0
    assert float(found.masses @ psi) == pytest.approx(intrinsic.mean, abs=1e-9)
    assert float(found.masses @ g) == pytest.approx(kappa, abs=1e-9)
    assert finite_kl(found.masses, intrinsic.masses) == pytest.approx(found.value, abs=1e-7)
    bound = distortion_bound(intrinsic, g, kappa)
    assert 0 < bound <= found.value + 1e-9
    gammas = np.linspace(0, 30, 3001)
    logs = np.log(np.exp(np.outer(gammas, g - kappa)) @ intrinsic.masses)
    assert -logs.min() == pytest.approx(bound, abs=2e-3)
    assert -logs.min() <= bound + 1e-9
    for rival in feasible_rivals(found.masses, intrinsic.masses, psi, g):
        assert finite_kl(rival, intrinsic.masses) >= found.value - 1e-9
    if intrinsic.multiplier + found.shift >= 0:  # the solution of Definition 2.4, seen from q_beta
        injected = task_injected(psi, intrinsic.mean, task=g, task_target=kappa, masses=p)
        assert injected.dual - intrinsic.kl == pytest.approx(found.value, abs=1e-6)


def feasible_rivals(q, base, psi, g):
    """Measures with the same two means as q, moved along the null space of the constraints in both directions."""
    charged = np.flatnonzero(base > 0)
    constraints = np.stack([np.ones(charged.size), psi[charged], g[charged]])
    _, singular, rows = np.linalg.svd(constraints)
    for direction in rows[(singular > 1e-9).sum() :]:
        with np.errstate(divide="ignore"):
            reach = float(np.min(q[charged] / np.maximum(np.abs(direction), 1e-300)))
        for sign in (-0.9, 0.9):
            rival = q.copy()
            rival[charged] += sign * reach * direction
            yield np.maximum(rival, 0) / np.maximum(rival, 0).sum()


def test_independent_task_costs_a_binary_divergence():
    """With g independent of psi Delta is the KL of two Bernoulli laws, kappa against w, and the bound is exact."""
    u, w, kappa = 0.3, 0.2, 0.7
    p = np.array([(1 - u) * (1 - w), u * (1 - w), (1 - u) * w, u * w])
    psi, g = np.array([0.0, 1.0, 0.0, 1.0]), np.array([0.0, 0.0, 1.0, 1.0])
    intrinsic = baseline(psi, 0.6, masses=p)
    expected = kappa * math.log(kappa / w) + (1 - kappa) * math.log((1 - kappa) / (1 - w))
    assert distortion(intrinsic, g, kappa).value == pytest.approx(expected, abs=1e-12)
    assert distortion_bound(intrinsic, g, kappa) == pytest.approx(expected, abs=1e-12)
    assert distortion(intrinsic, g, kappa).shift == pytest.approx(0, abs=1e-9)


def test_small_demands_cost_one_over_one_minus_r_squared_more():
    """Ours: exact distortion. Delta over the bound tends to 1/(1 - r^2) linearly in the excess demand."""
    rng = np.random.default_rng(5)
    p = rng.dirichlet(np.ones(12))
    psi = rng.normal(size=12)
    g = 1.5 * psi + rng.normal(size=12)
    intrinsic = baseline(psi, float(p @ psi) + 0.5, masses=p)
    centred = [v - intrinsic.masses @ v for v in (psi, g)]
    cross = float(intrinsic.masses @ (centred[0] * centred[1]))
    r2 = cross**2 / np.prod([float(intrinsic.masses @ v**2) for v in centred])
    assert r2 > 0.1
    limit, excess = 1 / (1 - r2), np.array([0.08, 0.04, 0.02, 0.01])
    kappas = intrinsic.masses @ g + excess
    errors = [abs(distortion(intrinsic, g, k).value / distortion_bound(intrinsic, g, k) - limit) for k in kappas]
    slope = np.polyfit(np.log(excess), np.log(errors), 1)[0]
    assert slope == pytest.approx(1.0, abs=0.15)
    assert errors[-1] < 0.05 * limit


@given(finite_measures(), unit, st.floats(0.05, 0.9))
def test_the_bound_misses_a_contradiction(measure, a, f):
    """g = psi: no q has E[psi] = tau and E[psi] >= kappa > tau, yet the bound of Theorem E.3 is finite."""
    p, psi = measure
    intrinsic = baseline(psi, inside(p, psi, a), masses=p)
    kappa = intrinsic.mean + f * (float(psi[p > 0].max()) - intrinsic.mean)
    assert 0 < distortion_bound(intrinsic, psi, kappa) < math.inf
    with pytest.raises(InfeasibleTarget, match=r"largest E\[g\]"):
        distortion(intrinsic, psi, kappa)
    assert distortion(intrinsic, psi, intrinsic.mean - 1e-6).value == 0


def test_edges_and_errors():
    p, psi, g = np.array([0.5, 0.25, 0.25]), np.array([0.0, 1.0, 2.0]), np.array([1.0, -1.0, 0.0])
    intrinsic = baseline(psi, 1.0, masses=p)
    ceiling = largest_task_mean(psi, 1.0, task=g, masses=p)
    assert ceiling == pytest.approx(0.5)
    edge = distortion(intrinsic, g, ceiling)  # only (1/2, 0, 1/2) is left
    assert edge.masses == pytest.approx([0.5, 0, 0.5], abs=1e-8)
    assert edge.value == pytest.approx(finite_kl(np.array([0.5, 0, 0.5]), intrinsic.masses), abs=1e-7)
    assert distortion(intrinsic, g, float(intrinsic.masses @ g) - 1).value == 0
    assert distortion_bound(intrinsic, g, 1.5) == math.inf
    for masses in np.random.default_rng(0).dirichlet(np.ones(3), size=20):  # a constant score holds nothing
        constant = baseline(np.full(3, 0.1), 0.1, masses=masses)
        assert distortion(constant, g, 0.9).value == pytest.approx(distortion_bound(constant, g, 0.9), abs=1e-9)
    with pytest.raises(InfeasibleTarget, match=r"target = 3\.0: must be <= 2\.0, the largest E\[psi\]"):
        task_injected(psi, 3.0, task=g, task_target=0.0, masses=p)
    with pytest.raises(InfeasibleTarget, match=r"task_target = 0\.75: must be <= 0\.5.*E\[psi\] >= 1\.0"):
        task_injected(psi, 1.0, task=g, task_target=0.75, masses=p)
    with pytest.raises(ValueError, match="task_target"):
        distortion(intrinsic, g, math.nan)
    with pytest.raises(ValueError, match=r"task\[1\] = nan"):
        distortion(intrinsic, np.array([0.0, math.nan, 0.0]), 0.1)
    with pytest.raises(ValueError, match=r"task\.shape"):
        distortion(intrinsic, np.zeros(4), 0.1)
    with_unseen = {"masses": np.append(p, 0.0), "task": np.append(g, math.nan)}
    found = task_injected(np.append(psi, 9.0), 1.0, task_target=0.3, **with_unseen).masses
    assert found[:3] == pytest.approx(task_injected(psi, 1.0, task=g, task_target=0.3, masses=p).masses)


@pytest.fixture(scope="module")
def data():
    return drift.compute(Settings(paper_world(), quick=True))


@pytest.fixture(scope="module")
def sidecar(data, tmp_path_factory):
    out = tmp_path_factory.mktemp("drift")
    save(data, out)
    return json.loads((out / "drift.json").read_text())


def test_drift_numbers_on_a_grid_of_their_own(sidecar):
    """Moments, distortion and bound from the multipliers alone, on a Cartesian grid that shares no node."""
    world = paper_world()
    axis = np.linspace(-10.5, 10.5, 841) + 0.0037
    x = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2)
    p = np.exp(log_density(world, x))
    p /= p.sum()
    psi = np.asarray(world.psi(x))
    beta = sidecar["intrinsic"]["multiplier"]
    base = p * np.exp(beta * psi)
    base /= base.sum()
    assert base @ psi == pytest.approx(6.0, abs=1e-4)
    scores = (label_score(world, 1, x), reference_score(reference_at(world, 6.0), x))
    for task, g in zip(sidecar["tasks"], scores, strict=True):
        assert base @ g == pytest.approx(task["intrinsic_task_mean"], abs=1e-4)
        for step in task["drawn"]:
            q = p * np.exp(step["multiplier"] * psi + step["task_multiplier"] * (g - g.max()))
            q /= q.sum()
            assert q @ psi == pytest.approx(6.0, abs=2e-4) == step["mean"]
            assert q @ g == pytest.approx(step["task_target"], abs=2e-4)
            charged = q > 0
            value = float((q[charged] * np.log(q[charged] / base[charged])).sum())
            assert value == pytest.approx(step["distortion"], abs=5e-4)
            gammas = np.linspace(0, 2 * step["task_multiplier"], 40)
            dual = [c * step["task_target"] - math.log(base @ np.exp(c * g)) for c in gammas]
            assert max(dual) == pytest.approx(step["bound"], abs=2e-3)
            assert max(dual) <= step["bound"] + 1e-4


def test_drift_keeps_the_score_and_moves_the_object(sidecar):
    for task in sidecar["tasks"]:
        costs = [step["distortion"] for step in task["curve"]]
        assert costs[0] == pytest.approx(0, abs=1e-12)
        assert all(a < b for a, b in pairwise(costs))
        for step in task["curve"][1:]:
            assert step["mean"] == pytest.approx(6.0, abs=1e-9)
            assert 0 < step["bound"] <= step["distortion"]
        assert abs(task["drawn"][1]["free_mean"] - 6.0) > 0.1
    assert sidecar["tasks"][0]["drawn"][-1]["distortion"] > 1.3 * sidecar["tasks"][0]["drawn"][-1]["bound"]


def test_drift_densities_have_their_moments(data):
    cell = (data.axis[1] - data.axis[0]) ** 2
    psi = np.asarray(paper_world().psi(np.stack(np.meshgrid(data.axis, data.axis, indexing="ij"), axis=-1)))
    row = data.rows[1]  # the other row has mass outside the frame
    for density, kappa in zip(
        [data.density, *row.densities], [row.start, *(s.task_target for s in row.drawn)], strict=True
    ):
        mass = density.sum() * cell
        assert mass == pytest.approx(1.0, abs=0.02)
        assert (density * psi).sum() * cell / mass == pytest.approx(6.0, abs=0.03)
        assert (density * row.field).sum() * cell / mass == pytest.approx(kappa, abs=0.1)


def test_the_toy_scores():
    """Appendix L.5: the likeness to a label, and minus the mean squared distance to a reference."""
    world = paper_world()
    x = np.random.default_rng(0).normal(size=(50, 2)) * 3
    total = sum(np.exp(label_score(world, k, x)) for k in range(4))
    assert total == pytest.approx(1.0)
    log_joint = np.asarray(world.mixture.component_log_densities(jnp.asarray(x)))
    assert label_score(world, 1, x) == pytest.approx(log_joint[:, 1] - log_density(world, x), abs=1e-9)
    reference = reference_at(world, 6.0)
    assert float(world.psi(reference)) == pytest.approx(6.0)
    assert reference_score(reference, reference + np.array([[3.0, 4.0]])) == pytest.approx([-12.5])


@pytest.mark.parametrize(
    ("unit", "offset", "task_unit", "task_offset"),
    [
        (1.0, 2.0**20, 1.0, 0.0),
        (1.0, 2.0**30, 1.0, -(2.0**20)),
        (2.0**460, 0.0, 2.0**-460, 0.0),
        (2.0**-460, 0.0, 2.0**460, 0.0),
        (2.0**-40, 0.0, 1.0, 2.0**20),
    ],
)
def test_offsets_and_units_change_no_problem(unit, offset, task_unit, task_offset):
    """All numbers are dyadic, so that the shifted problems are the same problems."""
    feasible = 0
    for seed in range(30):
        rng = np.random.default_rng(seed)
        p = rng.dirichlet(np.ones(6))
        psi, g = rng.integers(-8, 9, (2, 6)) / 4
        target = math.floor(1024 * inside(p, psi, 0.6)) / 1024
        ceiling = brute_ceiling_at_least(p, psi, g, target)
        kappa = math.floor(1024 * (float(p @ g) + 0.7 * (ceiling - float(p @ g)))) / 1024
        if np.ptp(psi) == 0 or np.ptp(g) == 0 or kappa > ceiling - 1e-3:
            continue
        feasible += 1
        there, demand = unit * psi + offset, task_unit * g + task_offset
        level, wanted = unit * target + offset, task_unit * kappa + task_offset
        top = largest_task_mean(there, level, task=demand, masses=p, at_least=True)
        assert (top - task_offset) / task_unit == pytest.approx(ceiling, rel=1e-9, abs=1e-6 if task_offset else 1e-12)
        plain = task_injected(psi, target, task=g, task_target=kappa, masses=p)
        moved = task_injected(there, level, task=demand, task_target=wanted, masses=p)
        assert moved.masses == pytest.approx(plain.masses, rel=1e-6, abs=1e-9)
        assert moved.dual == pytest.approx(plain.dual, abs=1e-8)
        assert moved.multiplier * unit == pytest.approx(plain.multiplier, rel=1e-6, abs=1e-8)
        held, moved_held = baseline(psi, target, masses=p), baseline(there, level, masses=p)
        try:
            cost = distortion(held, g, kappa).value
        except InfeasibleTarget:
            continue
        assert distortion(moved_held, demand, wanted).value == pytest.approx(cost, abs=1e-7)
    assert feasible >= 20
