"""A hard prompt by coordinate search, and by the best single word: no gradient, only trials.

One place after the other, in an order drawn anew each round, takes the word that serves best beside the others, or no
word; a round without a change ends the search. Every prompt is tried once, on the same noises. It costs no backward
pass, and is the yardstick of any cleverer search for words; the best single word is that of any search at all.

Paper: (20)-(22). Ours.
"""

from dataclasses import dataclass

import numpy as np

from distributional_view.backends.paradigms.prompts import (
    OWN,
    STARTS,
    PromptFound,
    Prompting,
    Sampling,
    Trial,
    Words,
    chosen,
)
from distributional_view.theory.errors import require
from distributional_view.theory.progress import Progress, silent
from distributional_view.theory.seeds import part_seed

NAME, SINGLE = "coordinate search", "best word"
_NONE = -1


@dataclass(frozen=True)
class CoordinateSettings:
    """How the words are searched.

    Args:
        sampling: of the pictures that the search sees.
        words: most of the prompt, >= 1; 1 is the best single word.
        rounds: most over all places, >= 1.
        starts: >= 1; the first is the best single word, the others words at random.
        prefix: a text before the words.
        tried: most words that are tried at a place, at random; None: all.

    Raises:
        ValueError: for numbers out of range.
    """

    sampling: Sampling
    words: int
    rounds: int = 3
    starts: int = 2
    prefix: str = ""
    tried: int | None = None

    def __post_init__(self) -> None:
        for name in ("words", "rounds", "starts"):
            require(getattr(self, name) >= 1, name, getattr(self, name), ">= 1")
        require(self.tried is None or self.tried >= 1, "tried", self.tried, ">= 1 or None")

    @property
    def length(self) -> int:
        """Of the prompt."""
        return self.words


SMALL = CoordinateSettings(Sampling(8, 1.0, 8), 3)
SINGLE_SMALL = CoordinateSettings(Sampling(8, 1.0, 8), 1, rounds=1, starts=1)
LARGE = CoordinateSettings(Sampling(4, 1.0, 4), 6, prefix="a picture of a", tried=100)
SINGLE_LARGE = CoordinateSettings(Sampling(4, 1.0, 4), 1, rounds=1, starts=1, prefix="a picture of a", tried=1000)


@dataclass(frozen=True, kw_only=True, eq=False)
class CoordinateSearch(Prompting):
    """A hard prompt by coordinate search; the knob is the guidance.

    Paper: (20)-(22).

    Args:
        settings: see `CoordinateSettings`.
    """

    settings: CoordinateSettings

    def explored(self, trial: Trial, single: int, progress: Progress) -> PromptFound:
        """Search from each start; choose from the ends and the best single word."""
        s = self.settings
        if s.words == 1:
            return chosen(trial, [trial.vectors((single,))], single)
        rng = np.random.default_rng(part_seed(self.seed, STARTS))
        random = rng.integers(len(self.prior.vocabulary), size=(s.starts - 1, s.words)).tolist()
        known: dict[Words, float] = {}
        starts = [[single, *[_NONE] * (s.words - 1)], *random]
        ends = [searched(trial, start, s, i, known, progress) for i, start in enumerate(starts)]
        distinct = [*dict.fromkeys([*ends, (single,)])]
        return chosen(trial, [trial.vectors(words) for words in distinct], single)


def searched(
    trial: Trial,
    start: list[int],
    settings: CoordinateSettings,
    place: int,
    known: dict[Words, float],
    progress: Progress = silent,
) -> Words:
    """Where a search ends: no other word at one place is better on the search's noises, or the rounds are over.

    Args:
        trial: supplies the means.
        start: a word a place, -1 for no word; at least one word.
        settings: how long.
        place: of the start among the starts.
        known: means of prompts that were tried before; is added to.
        progress: called after each place.
    """

    def mean(words: list[int]) -> float:
        said = tuple(word for word in words if word != _NONE)
        if said not in known:
            known[said] = trial.of_words(said, OWN) if said else -np.inf
        return known[said]

    best, total = list(start), settings.rounds * settings.words
    rng = np.random.default_rng(part_seed(trial.seed, STARTS, place + 1))
    for turn in range(settings.rounds):
        before = list(best)
        for done, at in enumerate(rng.permutation(settings.words), start=1):
            others = [*trial.candidates(settings.tried, place + 1, turn, int(at)).tolist(), _NONE]
            best = max([best, *([*best[:at], word, *best[at + 1 :]] for word in others)], key=mean)
            progress("searching for words", turn * settings.words + done, total)
        if best == before:
            break
    return tuple(word for word in best if word != _NONE)
