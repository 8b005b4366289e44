"""The toy world: a mixture, a score, and the constants of the experiments on it.

The constants of the paper's world are lost; `python -m toy.recover` fits them to its Table 2 and keeps the
result in `recovered.json`, the only place that holds them. Lengths are in units in which sigma = 1.
"""

import json
from dataclasses import asdict, dataclass
from functools import cached_property
from importlib.resources import files
from typing import Any

import numpy as np

from distributional_view.theory import PiecewiseLaw
from distributional_view.theory.errors import require
from distributional_view.toy.angle import angular_law
from distributional_view.toy.mixture import GaussianMixture, four_modes
from distributional_view.toy.scores import SHAPES, AngularScore

TARGETS = (5.0, 6.0, 7.0)
"""The faithfulness levels of Table 2 and Figures 1 and 3."""

LAYOUTS = {"diagonal": np.pi / 4, "axes": 0.0}
"""Angle of the first of the four modes."""


@dataclass(frozen=True)
class ToyWorld:
    """A symmetric four-mode world with an angular score. Paper: Appendix H.

    Args:
        score: a key of `toy.scores.SHAPES`.
        radius: distance of the modes from the origin (length).
        sigma: standard deviation of each mode (length).
        score_scale: factor of the score (score units).
        margin: delta of the boundary mass (202) (score units).
        target_step: Delta tau of the finite-step TV (203) (score units).
        bandwidth: standard deviation of the kernel of (212) (length).
        layout: a key of `LAYOUTS`.
        wrapped: whether the angular deviation is taken on the circle.

    Raises:
        ValueError: for an unknown score or layout, or a number that is not positive.
    """

    score: str
    radius: float
    sigma: float
    score_scale: float
    margin: float
    target_step: float
    bandwidth: float
    layout: str = "diagonal"
    wrapped: bool = True

    def __post_init__(self) -> None:
        require(self.score in SHAPES, "score", self.score, f"one of {sorted(SHAPES)}")
        require(self.layout in LAYOUTS, "layout", self.layout, f"one of {sorted(LAYOUTS)}")
        for name in ("sigma", "score_scale", "margin", "target_step", "bandwidth"):
            require(0 < getattr(self, name) < np.inf, name, getattr(self, name), "finite and > 0")

    @cached_property
    def mixture(self) -> GaussianMixture:
        """The natural distribution p."""
        return four_modes(self.radius, self.sigma, LAYOUTS[self.layout])

    @cached_property
    def psi(self) -> AngularScore:
        """The intrinsic score."""
        return AngularScore(self.score, self.score_scale, wrapped=self.wrapped)

    @cached_property
    def law(self) -> PiecewiseLaw:
        """The exact law of the score."""
        return angular_law(self.mixture, self.psi)

    @property
    def reach(self) -> float:
        """Half the side of the square in which densities, smoothed ones too, are integrated and shown."""
        return self.radius + 6 * float(np.hypot(self.sigma, self.bandwidth))

    def parameters(self) -> dict[str, Any]:
        """The constants, for a JSON file."""
        return asdict(self)


def recovered() -> dict[str, Any]:
    """The record of the fit: the winner's name and, for each kept hypothesis, its constants and its fit."""
    record: dict[str, Any] = json.loads(files("distributional_view.toy").joinpath("recovered.json").read_text())
    return record


def paper_world(hypothesis: str | None = None) -> ToyWorld:
    """The recovered world of Table 2.

    Args:
        hypothesis: a key of `recovered()["worlds"]`; None for the best fit.

    Raises:
        ValueError: for an unknown hypothesis.
    """
    record = recovered()
    name = record["winner"] if hypothesis is None else hypothesis
    require(name in record["worlds"], "hypothesis", name, f"one of {sorted(record['worlds'])}")
    return ToyWorld(**record["worlds"][name]["world"])


def published_table2() -> dict[tuple[float, str], dict[str, float]]:
    """Table 2 as printed: (target, method) -> boundary_mass, kl_kde, tv_step."""
    table = json.loads(files("distributional_view.toy").joinpath("published.json").read_text())["table2"]
    names = {"boundary_mass": "boundary_mass", "kl_to_prior": "kl_kde", "tv_step": "tv_step"}
    rows = [dict(zip(table["columns"], row, strict=True)) for row in table["rows"]]
    return {(float(r["target"]), r["method"]): {names[c]: float(r[c]) for c in names} for r in rows}
