"""The methods of the paper's Table 1, each brought to a level of one feature.

The methods that generate share one prior, one solver and one number of steps. A search for a prompt is made once a
feature, its guidance calibrated at each level.

Paper: Table 1.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import torch

from distributional_view.backends.cells import called
from distributional_view.backends.paradigms import coordinates, dexter, diffexplainer, fourier, maco, search, vital
from distributional_view.backends.paradigms.budget import SOLVER
from distributional_view.backends.paradigms.one_feature import Need, OneFeature
from distributional_view.backends.paradigms.prompts import Prompting
from distributional_view.theory.methods import energy_dps, hybrid, klsc_weights, retrieval
from distributional_view.theory.methods.klsc_weights import KlscWeights
from distributional_view.theory.methods.method import Method
from distributional_view.theory.seeds import part_seed

AM, SEARCH, PROXY, SOFT = "activation maximisation", "dataset search", "proxy-guided generation", "soft constraint"
"""The paper's four paradigms; the fourth is its own, with the data's tilt beside EnergyDPS."""
PARADIGMS = (AM, SEARCH, PROXY, SOFT)
_PROMPT = 2  # part of the seed, beside those of `one_feature`


class Entrant(NamedTuple):
    """A method: what rows call it, its paradigm, what it does in a few words, and how it is made for a level.

    `needs`: what it cannot do without, and whose points it draws; None: the pool is enough, and it draws pictures.
    """

    name: str
    paradigm: str
    says: str
    make: Callable[[OneFeature, float], Method]
    needs: Need | None = None


def _ascending(f: OneFeature, settings: Any) -> Any:
    return settings if f.budget.ascent is None else replace(settings, steps=f.budget.ascent)


def _fourier(f: OneFeature, level: float) -> Method:
    g = f.ground
    return fourier.Fourier(g.canvas, g.statistics, _ascending(f, g.settings.fourier))


def _maco(f: OneFeature, level: float) -> Method:
    g = f.ground
    return maco.Maco(g.canvas, g.statistics, _ascending(f, g.settings.maco))


def _vital(f: OneFeature, level: float) -> Method:
    g = f.ground
    best = np.argsort(-g.pool.scores, kind="stable")[: f.budget.references]
    references = torch.as_tensor(g.pool.take(best)).to(g.canvas.device)
    return vital.Vital(g.canvas, g.layers, references, _ascending(f, g.settings.vital))


def _prompting(f: OneFeature, name: str, kind: Callable[..., Prompting], settings: Any) -> Method:
    made = kind(
        prior=f.prompted,
        tolerance=f.strengths.tolerance,
        seed=part_seed(f.seed, _PROMPT),
        runs=f.budget.runs,
        solver=SOLVER,
        remember=f.remember(name),
        settings=settings,
    )
    return f.with_prompt(name, made)


def _word(f: OneFeature, level: float) -> Method:
    return _prompting(f, coordinates.SINGLE, coordinates.CoordinateSearch, f.ground.settings.word)


def _diffexplainer(f: OneFeature, level: float) -> Method:
    settings = replace(f.ground.settings.soft, iterations=f.budget.prompt)
    return _prompting(f, diffexplainer.NAME, diffexplainer.DiffExplainer, settings)


def _dexter(f: OneFeature, level: float) -> Method:
    settings = replace(f.ground.settings.hard, iterations=f.budget.prompt)
    return _prompting(f, dexter.NAME, dexter.Dexter, settings)


def _energy(f: OneFeature, level: float) -> Method:
    return f.strengths.energy(f.ground.world, level, f.remember(energy_dps.NAME), SOLVER)


def _hybrid(f: OneFeature, level: float) -> Method:
    return f.strengths.hybrid(f.ground.pooled, f.known, level, f.remember(hybrid.NAME))


def _retrieval(f: OneFeature, level: float) -> Method:
    return retrieval.Retrieval(f.ground.pool)


def _by_patch(f: OneFeature, level: float) -> Method:
    return search.Search(f.ground.pool, f.ground.patches)


def _weights(f: OneFeature, level: float) -> Method:
    return KlscWeights(f.ground.pool)


ENTRANTS: tuple[Entrant, ...] = (
    Entrant(fourier.NAME, AM, "pixels climb the score, through moved views", _fourier),
    Entrant(maco.NAME, AM, "the same, with the spectrum of real pictures kept", _maco),
    Entrant(vital.NAME, AM, "inner features made like those of top pictures", _vital),
    Entrant(retrieval.NAME, SEARCH, "real pictures above a threshold", _retrieval),
    Entrant(search.BY_PATCH, SEARCH, "real pictures with the strongest patch", _by_patch),
    Entrant(coordinates.SINGLE, PROXY, "a generator is told the best single word", _word, "words"),
    Entrant(diffexplainer.NAME, PROXY, "a generator's prompt is optimised as vectors", _diffexplainer, "words"),
    Entrant(dexter.NAME, PROXY, "a generator's prompt is searched in words", _dexter, "words"),
    Entrant(klsc_weights.NAME, SOFT, "real pictures drawn with weight exp(β score)", _weights),
    Entrant(energy_dps.NAME, SOFT, "a generator is guided by the score itself", _energy, "prior"),
    Entrant(hybrid.NAME, SOFT, "the same, at first guided by real pictures", _hybrid, "potential"),
)
"""In the order of the table. Another method is one more entry."""
EVERY = tuple(entrant.name for entrant in ENTRANTS)
"""Their names."""


def entrants_of(names: Sequence[str]) -> tuple[Entrant, ...]:
    """The methods with these names, in the order of the table.

    Raises:
        ValueError: for a name that none has.
    """
    return called(ENTRANTS, names)
