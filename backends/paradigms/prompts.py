"""What all searches for a prompt share: a trial of a prompt in few steps, the report of what was found, and the draws.

A search maximises the mean score of pictures that a prompt makes from a few noises in a few steps. What was found on
these noises looks better than it is; so the end of several starts is chosen on other noises, and reported on a third
set of them: `own` minus `fresh` is the optimism. The drawn pictures come from the world's own schedule.

The knob is the guidance: 0 is the prior and 1 the prompt's own law, and with it the mean moves from that of the prior
through that of the prompt and past it. (A share of the prompt's vectors would do so too, but an encoder bends the way,
and between words there is nothing that it was trained on.) Nothing else is searched again for another level.

Paper: (20)-(22), Table 1. The three sets of noises and the calibrated guidance are ours.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from distributional_view.backends.paradigms.prompted import PromptedPrior, of_prompt, require_prompt, traced
from distributional_view.theory.errors import require
from distributional_view.theory.methods.method import Drawn, Memory, forgetful
from distributional_view.theory.progress import Progress, named, silent
from distributional_view.theory.samplers.energy_dps import unguided
from distributional_view.theory.samplers.knobs import Calibrated, calibrate_knob
from distributional_view.theory.samplers.solvers import Solver
from distributional_view.theory.seeds import part_seed

OWN, CHOICE, FRESH, CALIBRATION, STARTS = range(5)
"""Parts of a search's seed: three sets of noises, those of a calibration, and what is drawn at the start."""
Words = tuple[int, ...]
"""A hard prompt: places in the vocabulary."""


@dataclass(frozen=True)
class Sampling:
    """How a search makes pictures.

    Args:
        steps: reverse steps, few; >= 1.
        guidance: >= 0.
        pictures: noises that a search tries a prompt on, >= 1.
        solver: of first or of second order.
        checked: noises of the choice among its ends, and of the report, >= 1.

    Raises:
        ValueError: for numbers out of range.
    """

    steps: int
    guidance: float
    pictures: int
    solver: Solver = "DDPM"
    checked: int = 24

    def __post_init__(self) -> None:
        for name in ("steps", "pictures", "checked"):
            require(getattr(self, name) >= 1, name, getattr(self, name), ">= 1")
        require(self.guidance >= 0, "guidance", self.guidance, ">= 0")


@runtime_checkable
class PromptSettings(Protocol):
    """What the settings of every search say."""

    @property
    def sampling(self) -> Sampling:
        """Of the pictures that the search sees."""
        ...

    @property
    def prefix(self) -> str:
        """A text before what is searched."""
        ...

    @property
    def tried(self) -> int | None:
        """Most single words that are tried, at random; None: all."""
        ...

    @property
    def length(self) -> int:
        """Most words or vectors of what is searched."""
        ...


@dataclass(frozen=True, eq=False)
class Trial:
    """Mean scores of prompts.

    Args:
        prior: makes the pictures.
        sampling: how.
        seed: of all noises.
        prefix: a text before what is searched.

    Raises:
        ValueError: if there are no words, or the prior has fewer levels than steps are wanted.
    """

    prior: PromptedPrior
    sampling: Sampling
    seed: int
    prefix: str = ""

    def __post_init__(self) -> None:
        require_prompt(self.prior, 0)

    def graded(self, vectors: Float[Tensor, "1 length d"], *part: int) -> Tensor:
        """The mean on a set of noises (`OWN`, ...), with its gradient; only points between steps stay in memory."""
        s, condition = self.sampling, self.prior.encode(torch.cat([self.before, vectors], dim=1))
        world = traced(of_prompt(self.prior, condition, s.guidance))
        world = replace(world, schedule=world.schedule.spaced(s.steps, "time", whole=not world.fractional))
        n = s.pictures if part[0] == OWN else s.checked
        noise = world.noise(part_seed(self.seed, *part), n)
        return world.score(unguided(world, noise, solver=s.solver)).mean()

    def mean(self, vectors: Float[Tensor, "1 length d"], *part: int) -> float:
        """The mean on a set of noises."""
        with torch.no_grad():
            return float(self.graded(vectors, *part))

    def of_words(self, words: Words, *part: int) -> float:
        """The mean of a hard prompt."""
        return self.mean(self.vectors(words), *part)

    def vectors(self, words: Words) -> Float[Tensor, "1 length d"]:
        """Of a hard prompt."""
        return self.prior.embed(torch.tensor([words], dtype=torch.long, device=self.prior.world.device))

    @property
    def before(self) -> Float[Tensor, "1 length d"]:
        """The prefix's vectors."""
        return self.prior.embed(self.prior.tokenized(self.prefix).to(self.prior.world.device))

    def candidates(self, tried: int | None, *part: int) -> Int[np.ndarray, " k"]:
        """Words to try at a place: all of them, or so many at random."""
        known = len(self.prior.vocabulary)
        if tried is None or tried >= known:
            return np.arange(known)
        return np.random.default_rng(part_seed(self.seed, STARTS, *part)).permutation(known)[:tried]

    def best_word(self, tried: int | None = None, progress: Progress = silent) -> int:
        """The single word with the largest mean on the search's own noises."""
        words = self.candidates(tried)
        means = []
        for done, word in enumerate(words, start=1):
            means.append(self.of_words((int(word),), OWN))
            progress("single words", done, len(words))
        return int(words[int(np.argmax(means))])


class PromptFound(NamedTuple):
    """A prompt, and what a search knows of it.

    `words` of a hard prompt are the prompt; of a soft one the nearest by the angle between vectors, whose cosines are
    `near` (1 for words). `norms` are those of the vectors, `word_norm` the mean of the vocabulary's. `own` and `fresh`
    are mean scores on the search's noises and on others, in the search's few steps; `single` is the best single word
    and `single_fresh` its mean on the same others; `ends` the means of all ends on the noises that they are chosen by.
    """

    vectors: Float[Tensor, "1 _ d"]
    words: tuple[str, ...]
    near: tuple[float, ...]
    norms: tuple[float, ...]
    word_norm: float
    own: float
    fresh: float
    single: str
    single_fresh: float
    ends: tuple[float, ...]

    @property
    def optimism(self) -> float:
        """By how much the search's noises flatter the prompt."""
        return self.own - self.fresh

    def row(self) -> dict[str, Any]:
        """As numbers and words that JSON knows; `of_row` is the way back."""
        return self._asdict() | {"vectors": self.vectors.tolist()}

    @staticmethod
    def of_row(row: dict[str, Any]) -> "PromptFound":
        """From `row`."""
        read: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in row.items()}
        read["vectors"] = torch.tensor(row["vectors"], dtype=torch.float64)
        return PromptFound(**read)


def chosen(trial: Trial, ends: Sequence[Float[Tensor, "1 _ d"]], single: int) -> PromptFound:
    """The best of several prompts on the noises for the choice, reported on fresh ones.

    Args:
        trial: makes the pictures.
        ends: of a search, at least one.
        single: the best single word.

    Raises:
        ValueError: if there is none.
    """
    require(len(ends) > 0, "number of prompts", len(ends), ">= 1")
    means = tuple(trial.mean(end, CHOICE) for end in ends)
    vectors = ends[int(np.argmax(means))].detach()
    table = trial.vectors(tuple(range(len(trial.prior.vocabulary))))[0]
    cosines = torch.nn.functional.normalize(vectors[0], dim=1) @ torch.nn.functional.normalize(table, dim=1).T
    near = cosines.max(1)
    return PromptFound(
        vectors,
        tuple(trial.prior.vocabulary[int(place)] for place in near.indices),
        tuple(near.values.tolist()),
        tuple(vectors[0].norm(dim=1).tolist()),
        float(table.norm(dim=1).mean()),
        trial.mean(vectors, OWN),
        trial.mean(vectors, FRESH),
        trial.prior.vocabulary[single],
        trial.of_words((single,), FRESH),
        means,
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Prompting(ABC):
    """Pictures of one prompt, found once; the knob is the guidance.

    Paper: (20)-(22), Table 1.

    Args:
        prior: makes the pictures; the world's schedule is that of the draws.
        settings: of the search.
        tolerance: of the calibrated mean (score units).
        seed: of the search and of the calibration's noises.
        runs: pictures of a calibration.
        start: first guidance that a calibration tries.
        most: largest guidance; beyond it pictures of any prompt are burnt out.
        remember: keeps the runs of a calibration.
        solver: of the draws.
        known: what was found before, in place of a search.

    Raises:
        ValueError: if the prior does not take prompts of that length.
    """

    prior: PromptedPrior
    settings: PromptSettings
    tolerance: float
    seed: int
    runs: int
    start: float = 0.5
    most: float = 8.0
    remember: Memory = forgetful
    solver: Solver = "DDPM"
    known: PromptFound | None = None
    knob_name = "guidance"
    independent = True
    _kept: list[PromptFound] = field(default_factory=list, init=False, repr=False)

    def __post_init__(self) -> None:
        before = self.prior.tokenized(self.settings.prefix).shape[1]
        require_prompt(self.prior, before + self.settings.length)

    def search(self, progress: Progress = silent) -> PromptFound:
        """Look for the prompt; the best single word is known first."""
        s = self.settings
        trial = Trial(self.prior, s.sampling, self.seed, s.prefix)
        return self.explored(trial, trial.best_word(s.tried, progress), progress)

    @abstractmethod
    def explored(self, trial: Trial, single: int, progress: Progress) -> PromptFound:
        """Look for the prompt, and choose.

        Args:
            trial: means of prompts.
            single: the best single word.
            progress: called on the way.
        """

    def found(self, progress: Progress = silent) -> PromptFound:
        """The prompt; searched for at the first call."""
        if not self._kept:
            self._kept.append(self.search(progress) if self.known is None else self.known)
        return self._kept[0]

    def calibrate(self, target: float, progress: Progress = silent) -> Calibrated:
        """The guidance at which the mean score is the target; beyond `most` there is none.

        Raises:
            CalibrationFailed: if this prompt does not reach the target at any guidance; carries what was reached.
        """
        self.found(progress)

        def mean_at(guidance: float) -> float:
            steps = named(progress, f"calibrating to {target:g}, guidance {guidance:.4g}")
            return self.draw(guidance, part_seed(self.seed, CALIBRATION), self.runs, steps).mean

        run = self.remember(mean_at)
        found = calibrate_knob(
            lambda knob: run(min(knob, self.most)), target, self.tolerance, self.start, self.knob_name
        )
        return found._replace(knob=min(found.knob, self.most))

    def draw(self, knob: float, seed: int, n: int, progress: Progress = silent) -> Drawn:
        """n pictures of the prompt.

        Raises:
            ValueError: for a guidance beyond `most`.
        """
        require(0 <= knob <= self.most, self.knob_name, knob, f"in [0, {self.most:g}]")
        found = self.found(progress)
        with torch.no_grad():
            before = Trial(self.prior, self.settings.sampling, self.seed, self.settings.prefix).before
            world = of_prompt(self.prior, self.prior.encode(torch.cat([before, found.vectors.to(before)], dim=1)), knob)
            x = unguided(world, world.noise(seed, n), progress, self.solver)
        notes = {name: getattr(found, name) for name in ("own", "fresh", "optimism", "single_fresh")}
        return Drawn(x, np.asarray(world.to_numpy(world.score(x))), None, notes)
