"""The samplers of `figures.samplers` in the toy world, where the tilt is known exactly: rows of the same shape.

The slopes of the plug-in and the place where the hybrid changes over are measured as in a learned world; H_t is exact.

Paper: Theorem G.3, Remark G.4, Appendix I.
"""

import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from distributional_view.theory import calibrate_klsc
from distributional_view.theory.errors import CalibrationFailed
from distributional_view.theory.methods import energy_dps, hybrid, twisted_smc
from distributional_view.theory.methods.method import Method
from distributional_view.theory.progress import Progress
from distributional_view.theory.samplers.potential import predictive
from distributional_view.theory.samplers.schedule import NoiseSchedule
from distributional_view.theory.samplers.solvers import Solver
from distributional_view.theory.seeds import part_seed
from distributional_view.toy.exact_samples import exact_samples
from distributional_view.toy.ideal import KnownPotential
from distributional_view.toy.judge import judge_of
from distributional_view.toy.planar import PlanarWorld, as_numpy
from distributional_view.toy.world import ToyWorld

TARGETS = (6.0, 7.0)
STEPS, CHAINS = 20, (50, 1000)
TOLERANCE = 0.005  # score units
FLOORS = 4
_KNOWN, _CALIBRATED, _DRAWN, _JUDGED, _FLOOR, _NATURAL = range(6)  # parts of the seed


class Toy(NamedTuple):
    """A method with what its row says of it: evaluations a chain, how many of them have a way back, particles."""

    name: str
    solver: Solver
    method: Method
    evaluations: int
    backward: int


def methods(toy: ToyWorld, n: int, seed: int) -> Iterator[Toy]:
    """Every method, for n points."""
    schedule = NoiseSchedule.linear()

    def planar(steps: int) -> PlanarWorld:
        return PlanarWorld(toy.mixture, toy.psi, schedule.spaced(steps, "time"), jnp.float32)

    def multiplier(target: float) -> float:
        return calibrate_klsc(toy.law, target).multiplier

    def energy(steps: int, solver: Solver) -> Toy:
        calibration = part_seed(seed, _CALIBRATED)
        made = energy_dps.EnergyDps(planar(steps), TOLERANCE, calibration, n, 0.05, solver=solver)
        return Toy(energy_dps.NAME, solver, made, steps, steps)

    world = KnownPotential(planar(STEPS))
    known = predictive(world, part_seed(seed, _KNOWN), 2000)
    twist = tuple(known.slope.tolist())
    mixed = hybrid.HybridGuidance(world, known, multiplier)
    yield Toy(hybrid.NAME, "2M-SDE", mixed, STEPS, STEPS)
    yield energy(STEPS, "2M-SDE")
    for steps in CHAINS:
        yield energy(steps, "DDPM")
    guided = twisted_smc.TwistedSmc(planar(STEPS), n, multiplier, solver="2M-SDE")
    yield Toy(twisted_smc.NAME, "2M-SDE", guided, STEPS, STEPS)
    steered = twisted_smc.TwistedSmc(planar(STEPS), n, multiplier, solver="2M-SDE", proposal=0.0, twist=twist)
    yield Toy(twisted_smc.STEERING, "2M-SDE", steered, STEPS, 0)


def toy_rows(toy: ToyWorld, n: int, seed: int, progress: Progress) -> list[dict[str, Any]]:
    """One row a target and method; TV is the smoothed one of Figure 3, its floor that of as many exact samples.

    Args:
        toy: the toy world.
        n: points of every method.
        seed: of everything random.
        progress: in rows.
    """
    every = list(methods(toy, n, seed))
    rows: list[dict[str, Any]] = []
    sd = float(np.asarray(toy.psi(exact_samples(toy, calibrate_klsc(toy.law, toy.law.mean), 0, 20_000))).std())
    for target in TARGETS:
        klsc = calibrate_klsc(toy.law, target)
        judge = judge_of(toy, klsc, part_seed(seed, _JUDGED))
        floors = [judge(exact_samples(toy, klsc, part_seed(seed, _FLOOR, r), n)).tv for r in range(FLOORS)]
        for one in every:
            progress(f"toy world, {one.name} {one.solver}, target {target:g}", len(rows), len(TARGETS) * len(every))
            try:
                knob, problem = one.method.calibrate(target).knob, None
            except CalibrationFailed as failure:  # judged as it is, at the nearest mean
                knob, problem = failure.nearest(target), str(failure)
            started = time.process_time()
            drawn = one.method.draw(knob, part_seed(seed, _DRAWN), n)
            seconds = time.process_time() - started
            rows.append(
                {
                    "world": "toy",
                    "feature": f"target {target:g}",
                    "level": target,
                    "method": one.name,
                    "solver": one.solver,
                    "evaluations": one.evaluations,
                    "backward": one.backward,
                    "seed": 0,
                    "mean_error_sd": abs(drawn.mean - target) / sd,
                    "signed_error_sd": (drawn.mean - target) / sd,
                    "tv": judge(as_numpy(drawn.points), drawn.weights).tv,
                    "tv_floor": float(np.mean(floors)),
                    "ancestors": drawn.notes.get("ancestors"),
                    "cpu_seconds": seconds,
                    "pictures": n,
                    "target": target,
                    "knob": knob,
                    "beta": klsc.multiplier,
                    "problem": problem,
                }
            )
    return rows
