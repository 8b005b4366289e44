"""Distance to the prior as guidance grows: the paper's Table 10 and Figure 8, in the toy world.

For a range of guidance strengths: the achieved mean score and the distance of the samples to p. The KLSC solution with
the same mean has the least KL that a distribution can have (Lemma D.4), the truncation more (Theorem D.14); both are
smoothed by the kernel of (212) like the samples, because smoothing changes a KL by more than the methods differ.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

import jax.numpy as jnp
import matplotlib.pyplot as plt
import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure

from distributional_view.figures.artefact import Artefact, Settings
from distributional_view.figures.output import Provenance
from distributional_view.theory import Hard, Solution, calibrate_hard, calibrate_klsc
from distributional_view.theory.progress import Progress, silent
from distributional_view.theory.samplers.energy_dps import ZetaSchedule, energy_dps
from distributional_view.theory.samplers.schedule import NoiseSchedule
from distributional_view.theory.seeds import part_seed
from distributional_view.toy.judge import sliced_wasserstein
from distributional_view.toy.kde import kde, kl_on_grid, smoothed_kls, world_grid
from distributional_view.toy.planar import PlanarWorld
from distributional_view.toy.world import ToyWorld

STATEMENTS = ("Lemma D.4", "Remark D.5", "Theorem D.14", "Algorithm 1", "Remark G.4")
STRENGTHS: dict[ZetaSchedule, Float[np.ndarray, " s"]] = {
    "tilt": np.array([0.0, 0.03, 0.06, 0.1, 0.15, 0.2, 0.28, 0.4, 0.6, 1.0]),
    "constant": np.array([0.0, 0.2, 0.4, 0.7, 1.0, 1.4, 1.9, 2.6, 4.0, 7.0]),
}
"""Tilt-like: per score unit. Constant: in units of sigma^2 per score unit and step."""
COLORS = {"tilt": "#0072B2", "constant": "#CC79A7"}
LABELS = {"tilt": "tilt-like", "constant": "constant"}
N, STEPS, REPLICATES = 10_000, 500, 4
QUICK_N, QUICK_STEPS, QUICK_REPLICATES = 2_000, 100, 2
_PRIOR, _NOISE = 0, 1  # parts of the seed


@dataclass(frozen=True)
class Curve:
    """One guidance schedule: at each replicate and strength the mean score, KL by KDE and Wasserstein distance to p."""

    zeta: str
    strengths: Float[np.ndarray, " s"]
    means: Float[np.ndarray, "r s"]
    kls: Float[np.ndarray, "r s"]
    distances: Float[np.ndarray, "r s"]


@dataclass(frozen=True)
class Strength(Artefact):
    """The curves, and over a range of means the KL of both solutions, exact and smoothed by the kernel."""

    name: ClassVar[str] = "strength"
    world: ToyWorld
    curves: list[Curve]
    levels: Float[np.ndarray, " l"]
    exact: dict[str, Float[np.ndarray, " l"]]
    smoothed: dict[str, Float[np.ndarray, " l"]]
    n: int
    steps: int
    seed: int

    @property
    def provenance(self) -> Provenance:
        """The seed is that of all curves."""
        title = "Distance to the prior against achieved score"
        return Provenance(title, STATEMENTS, self.world.parameters(), self.seed)

    def numbers(self) -> dict[str, Any]:
        """Means over replicates with their standard errors (`se`), and the solutions."""
        return {
            **self.provenance.as_dict(),
            "points": self.n,
            "steps": self.steps,
            "curves": [
                {
                    "zeta": c.zeta,
                    "strength": c.strengths.tolist(),
                    **{
                        name: {"mean": values.mean(0).tolist(), "se": _se(values).tolist()}
                        for name, values in (("score", c.means), ("kl_kde", c.kls), ("wasserstein", c.distances))
                    },
                }
                for c in self.curves
            ],
            "solutions": {
                "mean": self.levels.tolist(),
                **{f"kl_{name}": values.tolist() for name, values in self.exact.items()},
                **{f"kl_kde_{name}": values.tolist() for name, values in self.smoothed.items()},
            },
        }

    def draw(self) -> dict[str, Figure]:
        """Three panels."""
        return {self.name: _figure(self)}


def compute(settings: Settings, progress: Progress = silent) -> Strength:
    """Run both schedules at all strengths, with independent replicates for error bars."""
    world, seed, quick = settings.world, settings.seed, settings.quick
    n, steps, replicates = (QUICK_N, QUICK_STEPS, QUICK_REPLICATES) if quick else (N, STEPS, REPLICATES)
    planar = PlanarWorld(world.mixture, world.psi, NoiseSchedule.linear().strided(steps), jnp.float32)
    grid = world_grid(world)
    curves, done, total = [], 0, replicates * sum(len(s) for s in STRENGTHS.values())
    for zeta, strengths in STRENGTHS.items():
        found = np.empty((3, replicates, len(strengths)))
        for r in range(replicates):
            prior = planar.to_numpy(planar.sample_prior(part_seed(seed, _PRIOR, r), n))
            noise = planar.noise(part_seed(seed, _NOISE, r), n)
            for k, strength in enumerate(strengths):
                progress(f"strength, {zeta} guidance", done, total)
                x = planar.to_numpy(energy_dps(planar, noise, float(strength) / (1 if zeta == "tilt" else steps), zeta))
                estimate = kde(x, np.full(n, 1 / n), world.bandwidth, grid.axis)
                found[:, r, k] = (
                    float(np.asarray(world.psi(x)).mean()),
                    kl_on_grid(estimate, grid),
                    sliced_wasserstein(x, prior),
                )
                done += 1
        curves.append(Curve(zeta, strengths, *found))
    progress("strength", total, total)
    law = world.law
    levels = law.mean + np.linspace(0.001, 0.97, 12 if quick else 30) * (law.ess_sup - law.mean)
    exact, smoothed = {}, {}
    for name, calibrate in (("klsc", calibrate_klsc), ("hard", calibrate_hard)):
        solutions: list[Solution] = [calibrate(law, float(level)) for level in levels]
        exact[name] = np.array([q.kl for q in solutions])
        cuts = [q.threshold for q in solutions if isinstance(q, Hard)]
        smoothed[name] = np.array(smoothed_kls(world, solutions, cuts))
    return Strength(world, curves, levels, exact, smoothed, n, steps, seed)


def _figure(data: Strength) -> Figure:
    figure, axes = plt.subplots(1, 3, figsize=(10.4, 3.5))
    for curve in data.curves:
        means = curve.means.mean(0)
        name = f"EnergyDPS, {LABELS[curve.zeta]}"
        for here, values in ((axes[1], curve.kls), (axes[2], curve.distances)):
            here.errorbar(
                means,
                values.mean(0),
                _se(values),
                _se(curve.means),
                fmt="o-",
                ms=3.5,
                color=COLORS[curve.zeta],
                label=name,
            )
    twin = axes[0].twiny()
    for here, curve in zip((axes[0], twin), data.curves, strict=True):
        here.errorbar(
            curve.strengths, curve.means.mean(0), _se(curve.means), fmt="o-", ms=3.5, color=COLORS[curve.zeta]
        )
    axes[0].set(xlabel="strength, tilt-like (1/score)", ylabel="mean score E[ψ]", title="more guidance, more score")
    twin.set_xlabel("strength × steps, constant (σ²/score)", color=COLORS["constant"])
    twin.spines.top.set_visible(True)
    axes[1].plot(data.levels, data.smoothed["klsc"], "k-", lw=1.2, label="KLSC, smoothed alike")
    axes[1].plot(data.levels, data.smoothed["hard"], "k--", lw=1.0, label="truncation, smoothed alike")
    axes[1].set(xlabel="mean score E[ψ]", ylabel="KL to p by KDE (nats)", ylim=(0, None))
    axes[1].set_title("and farther from p")
    axes[1].legend(fontsize=6.5, loc="upper left")
    axes[2].set(xlabel="mean score E[ψ]", ylabel="sliced Wasserstein to p (σ)", title="in any distance")
    axes[2].legend(fontsize=6.5, loc="upper left")
    return figure


def _se(values: Float[np.ndarray, "r s"]) -> Float[np.ndarray, " s"]:
    return values.std(0, ddof=1) / np.sqrt(len(values))
