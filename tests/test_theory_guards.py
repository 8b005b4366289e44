"""Every guard of `theory` refuses: what is out of range is refused in words, what is at its edge is not.

The guards are found in the sources; one that nothing here makes refuse, and that is not listed as out of a caller's
reach, fails the test.
"""

import ast
import inspect
import math
from pathlib import Path

import numpy as np
import pytest

from distributional_view import theory
from distributional_view.theory import (
    AtomicLaw,
    GaussianLaw,
    Hard,
    Klsc,
    NoiseSchedule,
    PiecewiseLaw,
    calibrate_hard,
    calibrate_klsc,
    energy_dps,
    twisted_smc,
)
from distributional_view.theory.errors import CalibrationFailed, require_margin
from distributional_view.theory.methods.method import Registry
from distributional_view.theory.methods.pool import ScoredPool
from distributional_view.theory.methods.retrieval import Retrieval
from distributional_view.theory.methods.twisted_smc import TwistedSmc
from distributional_view.theory.pools.bounded import kl_at_least, split_at_least
from distributional_view.theory.pools.split import split_sampled
from distributional_view.theory.samplers.ascent import gibbs_log_density
from distributional_view.theory.samplers.energy_dps import guided_rows
from distributional_view.theory.samplers.knobs import calibrate_knob
from distributional_view.theory.samplers.pooled import pooled
from distributional_view.theory.samplers.potential import Hybrid, predictive
from distributional_view.theory.samplers.solvers import solver_rows
from distributional_view.theory.solutions.gap import interpretability_gap, pinsker_bound
from tests.support.gaussian_world import GaussianWorld, Quadratic

ROOT = Path(theory.__file__).resolve().parent
NAMES = {"require", "require_finite", "require_unmasked"}
NAN, INF = math.nan, math.inf
NORMAL = GaussianLaw()
COIN = AtomicLaw([0.0, 1.0, 1.0, 3.0])
FLAT = PiecewiseLaw(lambda u: u, np.zeros_like, [0.0, 1.0])
CUT = theory.TruncatedLaw(Hard(NORMAL, 0.3)) if hasattr(theory, "TruncatedLaw") else Hard(NORMAL, 0.3).law
SHORT = NoiseSchedule.linear().strided(4)
WORLD = GaussianWorld(SHORT)
NOISE = WORLD.noise(0, 8)
FALLING = PiecewiseLaw(np.log, np.zeros_like, [0.0, 1.0], min_multiplier=-1.0)
THIRDS = theory.baseline([0.0, 1.0, 2.0], 1.2, masses=np.full(3, 1 / 3))
POOL = ScoredPool(np.arange(5.0), lambda indices: indices)
MASKED = np.ma.masked_array([1.0, 2.0], mask=[False, True])


def square(x):
    return x[:, 0] ** 2, 2 * x


REFUSED = {
    "masked scores": lambda: AtomicLaw(MASKED),
    "two axes": lambda: AtomicLaw(np.zeros((2, 2))),
    "infinite score": lambda: AtomicLaw([0.0, INF]),
    "too few masses": lambda: AtomicLaw([0.0, 1.0], masses=[1.0]),
    "mass NaN": lambda: AtomicLaw([0.0, 1.0], masses=[NAN, 1.0]),
    "mass < 0": lambda: AtomicLaw([0.0, 1.0], masses=[-0.5, 1.5]),
    "masses 0.9": lambda: AtomicLaw([0.0, 1.0], masses=[0.4, 0.5]),
    "atomic level": lambda: COIN.survival(NAN),
    "atomic width": lambda: COIN.shell_mass(1.0, -0.1),
    "atomic hazard": lambda: COIN.cumulative_hazard(1.0, 0.5),
    "normal location": lambda: GaussianLaw(INF, 1.0),
    "normal scale": lambda: GaussianLaw(0.0, 0.0),
    "normal level": lambda: NORMAL.survival(NAN),
    "normal width": lambda: NORMAL.shell_mass(0.0, -1e-9),
    "normal hazard": lambda: NORMAL.cumulative_hazard(1.0, 0.5),
    "normal tilt": lambda: GaussianLaw(0.0, 1e150).tilt(1e10),
    "piecewise breakpoints": lambda: PiecewiseLaw(lambda u: u, np.zeros_like, [1.0, 0.0]),
    "piecewise mass": lambda: PiecewiseLaw(lambda u: u, lambda u: np.full_like(u, 0.1), [0.0, 1.0]),
    "piecewise nan": lambda: PiecewiseLaw(lambda u: u * NAN, np.zeros_like, [0.0, 1.0]),
    "piecewise empty": lambda: PiecewiseLaw(lambda u: u, lambda u: np.full_like(u, -INF), [0.0, 1.0]),
    "piecewise level": lambda: FLAT.survival(NAN),
    "piecewise width": lambda: FLAT.shell_mass(0.5, -0.1),
    "piecewise steep": lambda: PiecewiseLaw(lambda u: u, np.zeros_like, [0.0, 1.0], steep=True),
    "piecewise max": lambda: PiecewiseLaw(lambda u: u, np.zeros_like, [0.0, 1.0], max_multiplier=-1.0, steep=True),
    "piecewise min": lambda: PiecewiseLaw(lambda u: u, np.zeros_like, [0.0, 1.0], min_multiplier=1.0),
    "truncated width": lambda: CUT.shell_mass(0.5, -0.1),
    "hard threshold": lambda: Hard(NORMAL, NAN),
    "hard tie": lambda: Hard(COIN, 1.0, 1.5),
    "hard tie below 0": lambda: Hard(COIN, 1.0, -0.5),
    "hard nothing kept": lambda: Hard(COIN, 3.0, 0.0),
    "hard masked": lambda: Hard(NORMAL, 0.0).log_ratio(MASKED),
    "klsc masked": lambda: Klsc(NORMAL, 1.0).log_ratio(MASKED),
    "klsc multiplier": lambda: Klsc(NORMAL, -0.1),
    "klsc infinite": lambda: Klsc(NORMAL, INF),
    "hard target": lambda: calibrate_hard(NORMAL, NAN),
    "hard target inf": lambda: calibrate_hard(NORMAL, INF),
    "klsc target": lambda: calibrate_klsc(NORMAL, NAN),
    "gap inactive": lambda: interpretability_gap(COIN, -1.0),
    "pinsker": lambda: pinsker_bound(-1e-9),
    "margin": lambda: require_margin(0.0),
    "klsc speed": lambda: theory.klsc_tv_speed(AtomicLaw([2.0]), 1.0),
    "no targets": lambda: theory.mean_tv_step(Hard, NORMAL, [], 0.1),
    "step": lambda: theory.mean_tv_step(Hard, NORMAL, [0.5], 0.0),
    "no step": lambda: theory.tv_step(Hard(NORMAL, 0.0), Hard(NORMAL, 0.0)),
    "hard speeds": lambda: theory.mean_hard_tv_speed(NORMAL, 1.0, 1.0),
    "klsc speeds": lambda: theory.mean_klsc_tv_speed(NORMAL, 1.0, 1.0),
    "hard speeds flat": lambda: theory.mean_hard_tv_speed(COIN, 0.2, 0.3),
    "dimension": lambda: theory.log_ball_mass(0, 1.0),
    "radius": lambda: theory.log_ball_mass(3, 0.0),
    "shell dimension": lambda: theory.typical_shell(0, 0.5),
    "epsilon": lambda: theory.typical_shell(3, 1.0),
    "deficit": lambda: theory.chernoff_exponent(1.0),
    "region masked": lambda: theory.conditioning_error([1.0, 2.0], MASKED > 0, masses=[0.5, 0.5]),
    "region shape": lambda: theory.conditioning_error([1.0, 2.0], [True], masses=[0.5, 0.5]),
    "region empty": lambda: theory.conditioning_error([1.0, 2.0], [False, False], masses=[0.5, 0.5]),
    "starts": lambda: theory.best_member(lambda v: np.array([0.5, 0.5]), [0.0, 1.0], 0.2, [], masses=[0.5, 0.5]),
    "member target": lambda: theory.best_member(
        lambda v: np.array([0.5, 0.5]), [0.0, 1.0], INF, [np.zeros(1)], masses=[0.5, 0.5]
    ),
    "task target": lambda: theory.task_injected([0.0, 1.0], NAN, task=[1.0, 0.0], task_target=0.1, masses=[0.5, 0.5]),
    "task's target": lambda: theory.task_injected([0.0, 1.0], 0.6, task=[1.0, 0.0], task_target=NAN, masses=[0.5, 0.5]),
    "distortion": lambda: theory.distortion(THIRDS, [0.0, 1.0, 0.0], NAN),
    "distortion bound": lambda: theory.distortion_bound(THIRDS, [0.0, 1.0, 0.0], NAN),
    "finite shape": lambda: theory.gibbs([0.0, 1.0], masses=[1.0]),
    "finite nan": lambda: theory.gibbs([0.0, NAN], masses=[0.5, 0.5]),
    "seed": lambda: theory.part_seed(-1),
    "pool masked": lambda: ScoredPool(MASKED, lambda indices: indices),
    "pool n": lambda: POOL.drawn(np.full(5, 0.2), 0, 0),
    "method": lambda: Registry({}).make("none"),
    "filter n": lambda: TwistedSmc(WORLD, 4).draw(0.5, 0, 0),
    "filter n above": lambda: TwistedSmc(WORLD, 4).draw(0.5, 0, 5),
    "K": lambda: Retrieval(POOL).draw(0.0, 0, 3),
    "K half": lambda: Retrieval(POOL).draw(1.5, 0, 3),
    "starts of ascents": lambda: theory.Ascent(WORLD, lambda x: (x, x), np.zeros((0, 1)), 5),
    "iterations": lambda: theory.Ascent(WORLD, lambda x: (x, x), np.zeros((1, 1)), 0),
    "penalty": lambda: theory.Ascent(WORLD, lambda x: (x[:, 0] ** 2, 2 * x), np.zeros((1, 1)), 5).climb(-1.0),
    "temperature": lambda: gibbs_log_density(np.zeros(2), 0.0),
    "strength": lambda: energy_dps(WORLD, NOISE, INF),
    "cap": lambda: energy_dps(WORLD, NOISE, 1.0, cap=NAN),
    "knob target": lambda: calibrate_knob(lambda v: v, NAN, 0.1, 1.0, "knob"),
    "knob tolerance": lambda: calibrate_knob(lambda v: v, 1.0, 0.0, 1.0, "knob"),
    "knob start": lambda: calibrate_knob(lambda v: v, 1.0, 0.1, 0.0, "knob"),
    "levels": lambda: NoiseSchedule(np.array([1.0])),
    "levels rise": lambda: NoiseSchedule(np.array([1.0, 1.0])),
    "levels do not start at 1": lambda: NoiseSchedule(np.array([0.9, 0.5])),
    "levels end at 0": lambda: NoiseSchedule(np.array([1.0, 0.0])),
    "times": lambda: NoiseSchedule(np.array([1.0, 0.5]), np.array([0, 1])),
    "no variances": lambda: NoiseSchedule.from_variances(np.array([])),
    "variance 0": lambda: NoiseSchedule.from_variances(np.array([0.0, 0.1])),
    "variance 1": lambda: NoiseSchedule.from_variances(np.array([0.1, 1.0])),
    "linear": lambda: NoiseSchedule.linear(0),
    "cosine": lambda: NoiseSchedule.cosine(0),
    "strided": lambda: NoiseSchedule.linear(10).strided(11),
    "strided 0": lambda: NoiseSchedule.linear(10).strided(0),
    "least": lambda: NoiseSchedule.linear(10).until(0.0),
    "spaced": lambda: NoiseSchedule.linear(10).spaced(0),
    "multiplier": lambda: twisted_smc(WORLD, NOISE, -0.1, 0),
    "resample above 1": lambda: twisted_smc(WORLD, NOISE, 0.1, 0, resample_below=1.1),
    "resample below 0": lambda: twisted_smc(WORLD, NOISE, 0.1, 0, resample_below=-0.1),
    "weights are no numbers": lambda: twisted_smc(GaussianWorld(SHORT, lambda x: (NAN * x[:, 0], x)), NOISE, 0.1, 0),
    "twist": lambda: twisted_smc(WORLD, NOISE, 0.1, 0, twist=[1.0, NAN, 1.0, 1.0]),
    "draws": lambda: predictive(WORLD, 0, 2),
    "equal draws": lambda: predictive(GaussianWorld(SHORT, Quadratic()), 0, 5),
    "slopes": lambda: Hybrid(WORLD, 1.0, np.ones(3), 0),
    "switch": lambda: Hybrid(WORLD, 1.0, np.ones(4), 5),
    "potential": lambda: Hybrid(WORLD, 1.0, np.ones(4), 1),
    "runs": lambda: pooled(WORLD, []),
    "no runs": lambda: CalibrationFailed("none", {1.0: NAN}).nearest(0.0),
    "k of weights": lambda: theory.inclusion_probabilities([0.5, 0.5, 0.0], 3),
    "offset below 0": lambda: theory.systematic_sample([0.5, 0.5], -0.1),
    "offset 1": lambda: theory.systematic_sample([0.5, 0.5], 1.0),
    "probability above 1": lambda: theory.systematic_sample([1.5, 0.5], 0.3),
    "probability below 0": lambda: theory.systematic_sample([-0.5, 0.75, 0.75], 0.3),
    "sum of probabilities": lambda: theory.systematic_sample([0.5, 0.505], 0.3),
    "no probability": lambda: theory.systematic_sample([0.0, 0.0], 0.3),
    "top_k": lambda: theory.top_k_truncation([0.0, 1.0], 3),
    "k": lambda: theory.top_k([0.0, 1.0], 0),
    "weights": lambda: theory.tilted_weights([0.0, 1.0], -0.1),
    "units": lambda: AtomicLaw([0.0, 1e200]),
    "tie of nothing": lambda: COIN.truncated(3.0, 0.0),
    "tail of nothing": lambda: COIN.tail_mean(4.0),
    "tail at nan": lambda: COIN.tail_mean(NAN),
    "tilt without a partition function": lambda: COIN.tilt(INF),
    "tilt below the domain": lambda: FALLING.tilt(-1.0),
    "undeclared domain": lambda: PiecewiseLaw(np.log, np.zeros_like, [0.0, 1.0]).tilt(-0.5),
    "unbounded above": lambda: PiecewiseLaw(lambda u: -np.log(u), np.zeros_like, [0.0, 1.0]),
    "another law": lambda: theory.reweight([0.0, 1.0], Klsc(COIN, 1.0), masses=[0.5, 0.5]),
    "another prior": lambda: theory.kl(Hard(NORMAL, 0.0), Klsc(COIN, 1.0)),
    "klsc speeds flat": lambda: theory.mean_klsc_tv_speed(AtomicLaw([2.0]), 1.0, 2.0),
    "path": lambda: inspect.unwrap(theory.mean_tv_step)(GaussianLaw, NORMAL, [0.5], 0.1),
    "ties": lambda: inspect.unwrap(calibrate_hard)(NORMAL, 1.0, "halved"),
    "zeta": lambda: inspect.unwrap(guided_rows)(SHORT, 1.0, "cosine"),
    "solver": lambda: inspect.unwrap(solver_rows)(SHORT.rows, "Heun"),
    "spacing": lambda: inspect.unwrap(NoiseSchedule.spaced)(SHORT, 3, "even"),
    "pool target": lambda: theory.retrieve([0.0, 1.0], NAN),
    "bins of a split": lambda: split_sampled([0.0, 1.0, 2.0], [0, 0, 0], [1.0, 2.0], [0, 0], 1.5, bins=0),
    "repeats of a split": lambda: split_sampled([0.0, 1.0, 2.0], [0, 0, 0], [1.0, 2.0], [0, 0], 1.5, repeats=1),
    "draws of a split": lambda: split_sampled([0.0, 1.0, 2.0], [0, 0, 0], [1.0], [0], 1.5),
    "draws of a bound": lambda: kl_at_least(np.zeros((4, 1)), np.zeros((3, 1))),
    "numbers of a bound": lambda: kl_at_least(np.full((4, 1), NAN), np.zeros((4, 1))),
    "features of a bound": lambda: kl_at_least(np.zeros((4, 1)), np.zeros((4, 2))),
    "penalty of a bound": lambda: kl_at_least(np.zeros((4, 1)), np.zeros((4, 1)), penalty=0.0),
    "pool of a bound": lambda: split_at_least(np.zeros(5), np.zeros((4, 1)), np.zeros(4), np.zeros((4, 1)), 0.0),
    "draws of a split in bounds": lambda: split_at_least(
        np.zeros(4), np.zeros((4, 1)), np.zeros(5), np.zeros((4, 1)), 0.0
    ),
    "labels of a split": lambda: split_sampled([0.0, 1.0, 2.0], [0, 0], [1.0, 2.0], [0, 0], 1.5),
}

ALLOWED = {
    "atomic width 0": lambda: COIN.shell_mass(1.0, 0.0) == 0.0,
    "normal width 0": lambda: NORMAL.shell_mass(0.0, 0.0) == 0.0,
    "hard tie 0": lambda: Hard(COIN, 1.0, 0.0).kept == 0.25,
    "hard tie 1": lambda: Hard(COIN, 1.0, 1.0).kept == 0.75,
    "klsc 0": lambda: Klsc(NORMAL, 0.0).kl == 0.0,
    "klsc infinite": lambda: Klsc(COIN, INF).mean == 3.0,
    "pinsker 0": lambda: pinsker_bound(0.0) == 0.0,
    "one dimension": lambda: theory.log_ball_mass(1, 1.0) == pytest.approx(math.log(math.erf(2**-0.5))),
    "one level": lambda: NoiseSchedule(np.array([1.0, 0.5])).steps == 1,
    "linear 1": lambda: NoiseSchedule.linear(1).steps == 1,
    "cosine 1": lambda: NoiseSchedule.cosine(1).steps == 1,
    "strided 1": lambda: NoiseSchedule.linear(10).strided(1).steps == 1,
    "strided all": lambda: NoiseSchedule.linear(10).strided(10).steps == 10,
    "one particle": lambda: len(TwistedSmc(WORLD, 4).draw(0.5, 0, 1).scores) == 1,
    "all particles": lambda: len(TwistedSmc(WORLD, 4).draw(0.5, 0, 4).scores) == 4,
    "always resampled": lambda: twisted_smc(WORLD, NOISE, 0.1, 0, resample_below=1.0).resampled >= 2,
    "never resampled": lambda: twisted_smc(WORLD, NOISE, 0.1, 0, resample_below=0.0).resampled == 0,
    "strength 0": lambda: energy_dps(WORLD, NOISE, 0.0).shape == (8, 1),
    "no penalty": lambda: (
        theory.Ascent(WORLD, lambda x: (x[:, 0] ** 2, 2 * x), np.zeros((1, 1)), 1).climb(0.0).x[0] > 0
    ),
    "offset 0": lambda: theory.systematic_sample([1.0, 0.5, 0.5], 0.0).size == 2,
    "sum within 1e-6": lambda: theory.systematic_sample([0.5, 0.5 + 9e-7], 0.3).size == 1,
    "all charged": lambda: (theory.inclusion_probabilities([0.5, 0.5, 0.0], 2) == [1, 1, 0]).all(),
    "K 1": lambda: len(Retrieval(POOL).draw(1.0, 0, 3).scores) == 1,
    "k all": lambda: theory.top_k([0.0, 1.0], 2).indices.size == 2,
    "weights 0": lambda: (theory.tilted_weights([0.0, 1.0], 0.0) == 0.5).all(),
    "switch at N": lambda: Hybrid(WORLD, 1.0, np.ones(4), 0).switch == 0,
}

INNER = {
    "theory/laws/piecewise.py, name": "a moment that a law's edges carry: test_theory_edges_laws",
    "theory/solutions/instability.py, 'relative error of the quadrature'": "a path that no law tried so far has",
    "theory/errors.py": "called by the guards themselves",
    "theory/laws/latent.py": "a law's score between its own breakpoints",
    "theory/laws/panels.py": "what a law's density and score do inside their panels: test_theory_edges_laws",
}
"""Guards that no argument alone makes refuse, as files or with what they name, and where they are met."""


def guards() -> dict[tuple[str, int], int]:
    """(file, first line) -> last line of each guard in the sources but for `INNER`."""
    found = {}
    for path in sorted(ROOT.rglob("*.py")):
        file = f"theory/{path.relative_to(ROOT).as_posix()}"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in NAMES:
                about = ast.unparse(node.args[1 if node.func.id == "require" else 0])
                found[file, node.lineno] = node.end_lineno or node.lineno, f"{file}, {about}"
    return {place: last for place, (last, named) in found.items() if place[0] not in INNER and named not in INNER}


def refused_at(call) -> tuple[str, int]:
    """The file and line of the guard that refuses a call."""
    with pytest.raises(ValueError, match=r".+ = .+: must be .+") as caught:
        call()
    places = [(Path(t.path).resolve(), t.lineno + 1) for t in caught.traceback if t.name not in NAMES]
    path, line = [(path, line) for path, line in places if path.is_relative_to(ROOT)][-1]
    return f"theory/{path.relative_to(ROOT).as_posix()}", line


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_what_is_out_of_range_is_refused_in_words(name):
    refused_at(REFUSED[name])


@pytest.mark.parametrize("name", sorted(ALLOWED))
def test_what_is_at_the_edge_is_not(name):
    assert ALLOWED[name]()


def test_every_guard_refuses_something():
    met = {refused_at(call) for call in REFUSED.values()}
    lines = guards()
    assert len(lines) > 100
    silent = [
        f"{file}:{first}"
        for (file, first), last in lines.items()
        if not any(f == file and first <= line <= last for f, line in met)
    ]
    assert not silent
