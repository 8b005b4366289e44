"""The methods that `explain` has, made from a request and from what there is: a world, a scored pool, or both."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, get_args

from distributional_view.backends.adapter.world import TorchWorld
from distributional_view.backends.choices import MethodName, Solver
from distributional_view.theory.errors import require
from distributional_view.theory.methods import energy_dps, klsc_weights, retrieval, twisted_smc
from distributional_view.theory.methods.method import Memory, Registry
from distributional_view.theory.methods.pool import ScoredPool
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
        knob: strength (EnergyDPS) or multiplier (twisted-SMC) to use without calibration; None to calibrate.
        start: first knob that a calibration tries, > 0.
        runs: pictures a calibration run (EnergyDPS) or particles (twisted-SMC), >= n for the latter.
        cap: score beyond which a step is not guided; None for none.
        solver: of the reverse steps, of first or of second order.

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

    def __post_init__(self) -> None:
        require(self.method in NAMES, "method", self.method, f"one of {NAMES}")
        require(math.isfinite(self.target), "target", self.target, "finite")
        require(self.n >= 1, "n", self.n, ">= 1")
        require(math.isfinite(self.tolerance) and self.tolerance > 0, "tolerance", self.tolerance, "finite and > 0")
        least = self.n if self.method == twisted_smc.NAME else 1
        for name in ("knob", "start", "cap"):
            value = getattr(self, name)
            require(value is None or math.isfinite(value), name, value, "finite")
        require(self.solver in get_args(Solver), "solver", self.solver, f"one of {get_args(Solver)}")
        require(self.start > 0, "start", self.start, "> 0")
        require(self.runs >= least, "runs", self.runs, f">= {least}")


def methods(request: Request, world: TorchWorld | None, pool: Callable[[], ScoredPool], remember: Memory) -> Registry:
    """All of `NAMES`.

    Args:
        request: what is wanted.
        world: prior and score; None where no prior is at hand: then only pictures can be retrieved.
        pool: gives the scored pool, which may take long; called only by the methods that retrieve.
        remember: keeps the runs of a calibration.
    """

    def prior() -> TorchWorld:
        require(world is not None, "world", world, f"given: {request.method} samples from a prior")
        assert world is not None
        return world

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
            remember=remember,
            solver=request.solver,
            **options,
        )

    def filtered() -> twisted_smc.TwistedSmc:
        return twisted_smc.TwistedSmc(
            prior(),
            request.runs,
            tolerance=request.tolerance,
            seed=part_seed(request.seed, CALIBRATION),
            start=request.start,
            remember=remember,
            solver=request.solver,
        )

    return Registry(
        {
            retrieval.NAME: lambda: retrieval.Retrieval(pool()),
            klsc_weights.NAME: lambda: klsc_weights.KlscWeights(pool()),
            energy_dps.NAME: guided,
            energy_dps.CONSTANT: partial(guided, zeta_schedule="constant"),
            twisted_smc.NAME: filtered,
        }
    )
