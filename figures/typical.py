"""Mode against typical shell: in high dimension there is nearly nothing around the mode, and what the bound misses.

N(0, I_d) in three panels: where the mass is; the exact mass of a ball around the mode against the paper's bound and the
Chernoff bound; the exponents per dimension. No world and no random numbers enter.
"""

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import matplotlib.pyplot as plt
import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure
from scipy.special import gammaln

from distributional_view.figures.artefact import Artefact, Settings
from distributional_view.figures.output import Provenance
from distributional_view.theory.measures.typical import (
    Shell,
    chernoff_exponent,
    log_mode_ball_mass,
    paper_exponent,
    typical_shell,
)
from distributional_view.theory.progress import Progress, silent

STATEMENTS = ("Definition F.3", "Lemma F.4", "Assumption F.5", "Lemma F.6")
DIMENSIONS = (2, 10, 100, 1000)
IMAGE = 3 * 256 * 256
DEFICIT, EPSILON = 0.5, 0.05
FINITE = (100, 10_000)


@dataclass(frozen=True)
class Typical(Artefact):
    """All that the figure shows; logarithms are in nats."""

    name: ClassVar[str] = "typical"
    radii: Float[np.ndarray, " r"]
    densities: dict[int, Float[np.ndarray, " r"]]
    shells: dict[int, Shell]
    dimensions: Float[np.ndarray, " d"]
    log_mass: Float[np.ndarray, " d"]
    deficits: Float[np.ndarray, " e"]
    rates: dict[int, Float[np.ndarray, " e"]]
    image_log_mass: float

    @property
    def provenance(self) -> Provenance:
        """No world and no random numbers enter."""
        parameters = {
            "deficit": DEFICIT,
            "epsilon": EPSILON,
            "dimensions": list(DIMENSIONS),
            "image_dimension": IMAGE,
        }
        return Provenance("Mode against typical shell in high dimension", STATEMENTS, parameters, None)

    def numbers(self) -> dict[str, Any]:
        """The exponents, the shells and some ball masses."""
        return {
            **self.provenance.as_dict(),
            "deficit": DEFICIT,
            "paper_exponent": paper_exponent(DEFICIT),
            "optimal_exponent": chernoff_exponent(DEFICIT),
            "log_ball_mass": [
                {
                    "dimension": int(d),
                    "exact": float(m),
                    "paper_bound": -paper_exponent(DEFICIT) * d,
                    "chernoff_bound": -chernoff_exponent(DEFICIT) * d,
                }
                for d, m in zip([*self.dimensions, IMAGE], [*self.log_mass, self.image_log_mass], strict=True)
            ],
            "shells": [{"dimension": d, "epsilon": EPSILON, **shell._asdict()} for d, shell in self.shells.items()],
        }

    def draw(self) -> dict[str, Figure]:
        """Three panels."""
        return {self.name: _figure(self)}


def compute(settings: Settings, progress: Progress = silent) -> Typical:
    """Exact radial densities, ball masses and exponents; the world plays no part."""
    progress("ball masses", 0, 1)
    count = 60 if settings.quick else 400
    radii = np.linspace(1e-3, 2.2, count)
    deficits = np.linspace(0.01, 0.95, count // 2)
    dimensions = np.unique(np.round(np.geomspace(1, 1e6, count // 2)))
    found = Typical(
        radii,
        {d: _radial_density(d, radii) for d in DIMENSIONS},
        {d: typical_shell(d, EPSILON) for d in (*DIMENSIONS, IMAGE)},
        dimensions,
        np.array([log_mode_ball_mass(int(d), DEFICIT) for d in dimensions]),
        deficits,
        {d: np.array([-log_mode_ball_mass(d, float(e)) / d for e in deficits]) for d in FINITE},
        log_mode_ball_mass(IMAGE, DEFICIT),
    )
    progress("ball masses", 1, 1)
    return found


def _radial_density(dimension: int, radii: Float[np.ndarray, " r"]) -> Float[np.ndarray, " r"]:
    """The density of |X|/sqrt(d), X ~ N(0, I_d)."""
    r = radii * math.sqrt(dimension)
    logs = (dimension - 1) * np.log(r) - 0.5 * r**2 - (0.5 * dimension - 1) * math.log(2) - gammaln(0.5 * dimension)
    return np.exp(logs) * math.sqrt(dimension)


def _figure(data: Typical) -> Figure:
    figure, (where, mass, rate) = plt.subplots(1, 3, figsize=(11.4, 3.9))
    for (d, values), style in zip(data.densities.items(), (":", "-.", "--", "-"), strict=True):
        where.plot(data.radii, values / values.max(), ls=style, label=f"d = {d}")
    where.axvline(0, color="#EE3344", lw=2)
    where.annotate(
        "mode",
        (0.0, 0.95),
        (0.14, 0.95),
        color="#EE3344",
        arrowprops={"arrowstyle": "->", "color": "#EE3344"},
        va="center",
    )
    where.set(
        xlim=(-0.03, 2.2),
        ylim=(0, 1.05),
        xlabel="distance from the mode, ‖x‖/√d",
        ylabel="density of the distance (peak = 1)",
    )
    where.set_title("the mass leaves the mode for a thin shell")
    where.legend(loc="upper right")

    to_decades = 1 / math.log(10)
    exact, chernoff = -data.log_mass * to_decades, data.dimensions * chernoff_exponent(DEFICIT) * to_decades
    paper = data.dimensions * paper_exponent(DEFICIT) * to_decades
    mass.loglog(data.dimensions, exact, color="C0", label="exact")
    mass.loglog(data.dimensions, chernoff, color="C2", ls="--", label="Chernoff, exp(−d I(δ))")
    mass.loglog(data.dimensions, paper, color="C1", ls=":", lw=2, label="Lemma F.4, exp(−dδ²/4)")
    mass.plot(IMAGE, -data.image_log_mass * to_decades, "o", color="C0", ms=5)
    mass.annotate(
        f"an RGB image of 256 × 256:\nP = $10^{{{data.image_log_mass * to_decades:.0f}}}$",
        (IMAGE, -data.image_log_mass * to_decades), (0.97, 0.3), textcoords="axes fraction", ha="right",
        arrowprops={"arrowstyle": "-", "lw": 0.6}, fontsize=8.5,
    )  # fmt: skip
    mass.set(xlabel="dimension d", ylabel=f"−log₁₀ P(‖X‖² ≤ {1 - DEFICIT:g} d) (decades)")
    mass.set_title("the ball around the mode is exponentially rare")
    mass.legend(loc="upper left")

    limit = [chernoff_exponent(float(e)) for e in data.deficits]
    rate.plot(data.deficits, limit, color="C2", lw=4, alpha=0.5, label="limit I(δ) = −(δ + log(1−δ))/2")
    for (d, values), style in zip(data.rates.items(), ("-.", "-"), strict=True):
        rate.plot(data.deficits, values, color="C0", ls=style, lw=1.1, label=f"exact, d = {d}")
    bound = [paper_exponent(float(e)) for e in data.deficits]
    rate.plot(data.deficits, bound, color="C1", ls="--", label="Lemma F.4: δ²/4")
    rate.set(
        xlabel="δ: ball of squared radius (1 − δ) d",
        ylabel="−log P / d (nats per dimension)",
        xlim=(0, 0.95),
        ylim=(0, 1.0),
    )
    rate.set_title("Lemma F.4 holds; the true rate is I(δ)")
    rate.legend(loc="upper left")
    figure.suptitle("The mode of N(0, I) is no sample of it: an optimiser ends where there is almost no mass")
    return figure
