"""The methods that `explain` has, made from a request and from what there is: a world, a scored pool, or both."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, get_args

from distributional_view.backends.adapter.world import TorchWorld
from distributional_view.choices import FILTERS, MethodName, Solver
from distributional_view.theory.errors import require
from distributional_view.theory.methods import energy_dps, hybrid, klsc_weights, retrieval, twisted_smc
from distributional_view.theory.methods.method import MeanAt, Memory, Registry, Watch, unwatched
from distributional_view.theory.methods.pool import ScoredPool
from distributional_view.theory.samplers.potential import Predictive
from distributional_view.theory.seeds import part_seed

NAMES: tuple[MethodName, ...] = get_args(MethodName)
CALIBRATION = 0  # part of the seed


@dataclass(frozen=True)
class Request:
    """What is wanted.

    Args:
        method: one of `NAMES`.
        target: mean activation wanted.
        n: pictures to show, >= 1.
        seed: of everything random.
        tolerance: of the mean, score units, > 0.
        knob: strength (EnergyDPS) or multiplier (the others) to use without calibration; None to calibrate.
        start: first knob that a calibration tries, > 0.
        runs: pictures a calibration run, or particles of a filter, >= n for the latter.
        cap: score beyond which a step of EnergyDPS is not guided; None for none.
        solver: of the reverse steps, of first or of second order.
        multiplier: of the tilt of a pool to the target, which the filters take; None: they are calibrated too.
        unguided: mean score without guidance, where it is known: a calibration need not run knob 0.
        fresh: whether all pictures are drawn anew; else those of the calibration's last knob come first.

    Raises:
        ValueError: for bad arguments.
    """

    method: MethodName
    target: float
    n: int
    seed: int = 0
    tolerance: float = 0.1
    knob: float | None = None
    start: float = 1.0
    runs: int = 16
    cap: float | None = None
    solver: Solver = "2M-SDE"
    multiplier: float | None = None
    unguided: float | None = None
    fresh: bool = False

    def __post_init__(self) -> None:
        require(self.method in NAMES, "method", self.method, f"one of {NAMES}")
        require(math.isfinite(self.target), "target", self.target, "finite")
        require(self.n >= 1, "n", self.n, ">= 1")
        require(math.isfinite(self.tolerance) and self.tolerance > 0, "tolerance", self.tolerance, "finite and > 0")
        least = self.n if self.method in FILTERS else 1
        for name in ("knob", "start", "cap", "multiplier", "unguided"):
            value = getattr(self, name)
            require(value is None or math.isfinite(value), name, value, "finite")
        require(self.solver in get_args(Solver), "solver", self.solver, f"one of {get_args(Solver)}")
        require(self.start > 0, "start", self.start, "> 0")
        require(self.runs >= least, "runs", self.runs, f">= {least}")


def methods(
    request: Request,
    world: TorchWorld | None,
    pool: Callable[[], ScoredPool],
    remember: Memory,
    known: Predictive | None = None,
    watch: Watch = unwatched,
) -> Registry:
    """All of `NAMES`.

    Args:
        request: what is wanted.
        world: prior and score; None where no prior is at hand: then only pictures can be retrieved.
        pool: gives the scored pool, which may take long; called only by the methods that retrieve.
        remember: keeps the runs of a calibration.
        known: how much the plug-in tells at each noise level; only for those of `choices.PREDICTED`.
        watch: told of the pictures of each run of a calibration.
    """
    remembered = remember if request.unguided is None else beginning(remember, request.unguided)

    def prior() -> TorchWorld:
        require(world is not None, "world", world, f"given: {request.method} samples from a prior")
        assert world is not None
        return world

    def levels() -> Predictive:
        require(known is not None, "known", known, f"given: {request.method} shrinks the plug-in at each level")
        assert known is not None
        return known

    def guided(**options: Any) -> energy_dps.EnergyDps:
        cap = math.inf if request.cap is None else request.cap
        seed = part_seed(request.seed, CALIBRATION)
        return energy_dps.EnergyDps(
            prior(),
            request.tolerance,
            seed,
            request.runs,
            request.start,
            cap=cap,
            remember=remembered,
            solver=request.solver,
            watch=watch,
            **options,
        )

    def mixed() -> hybrid.HybridGuidance:
        return hybrid.HybridGuidance(
            prior(),
            levels(),
            tolerance=request.tolerance,
            seed=part_seed(request.seed, CALIBRATION),
            runs=request.runs,
            start=request.start,
            remember=remembered,
            solver=request.solver,
            watch=watch,
        )

    def filtered(**options: Any) -> twisted_smc.TwistedSmc:
        multiplier = request.multiplier
        return twisted_smc.TwistedSmc(
            prior(),
            request.runs,
            None if multiplier is None else lambda target: multiplier,
            tolerance=request.tolerance,
            seed=part_seed(request.seed, CALIBRATION),
            start=request.start,
            remember=remembered,
            solver=request.solver,
            **options,
        )

    return Registry(
        {
            retrieval.NAME: lambda: retrieval.Retrieval(pool()),
            klsc_weights.NAME: lambda: klsc_weights.KlscWeights(pool()),
            energy_dps.NAME: guided,
            energy_dps.CONSTANT: partial(guided, zeta_schedule="constant"),
            twisted_smc.NAME: filtered,
            hybrid.NAME: mixed,
            twisted_smc.HYBRID: lambda: filtered(known=levels()),
            twisted_smc.STEERING: lambda: filtered(proposal=0.0, twist=tuple(levels().slope.tolist())),
        }
    )


def beginning(remember: Memory, unguided: float) -> Memory:
    """A memory that knows the mean at knob 0 beforehand."""

    def remembered(mean_at: MeanAt) -> MeanAt:
        others = remember(mean_at)
        return lambda knob: unguided if knob == 0 else others(knob)

    return remembered
