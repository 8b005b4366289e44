"""The tables and figures by name: where each is computed and what it shows. Imports nothing, so that help is quick."""

from typing import NamedTuple


class Shown(NamedTuple):
    """The module of `figures` whose `compute` makes an artefact, and what that shows in a line."""

    module: str
    shows: str


NAMES = {
    "table2": Shown("table2", "truncation and tilting at the same mean score: exact, sampled, and as printed"),
    "fig1": Shown("fig1", "what truncation and tilting do to p at the same mean score, as exact densities"),
    "fig3": Shown("fig3", "retrieval, optimisation and EnergyDPS at the same mean score against the KLSC solution"),
    "drift": Shown("drift", "what a task score does to the object while E[ψ] stays: exact price and the bound"),
    "bottleneck": Shown("bottleneck", "what a family of prompts costs: level, bottleneck and overshoot"),
    "strength": Shown("strength", "the distance to p as the guidance grows"),
    "typical": Shown("typical", "why the mode of a Gaussian is none of its samples: exact mass, bound, exponent"),
}
"""In the order in which `all` makes them."""
