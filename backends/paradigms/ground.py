"""What the methods may know of one feature, wherever they are compared.

The embedded world is one ground (`embedded.paradigm_ground`), pictures and weights that somebody has another one
(`paradigms.local_ground`). Each part is made when it is asked for.
"""

from abc import ABC, abstractmethod
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from distributional_view.backends.adapter.world import TorchWorld
from distributional_view.backends.paradigms.coordinates import CoordinateSettings
from distributional_view.backends.paradigms.dexter import GumbelSettings
from distributional_view.backends.paradigms.diffexplainer import SoftSettings
from distributional_view.backends.paradigms.fourier import FourierSettings
from distributional_view.backends.paradigms.layers import Layers
from distributional_view.backends.paradigms.maco import MacoSettings
from distributional_view.backends.paradigms.prompted import PromptedPrior
from distributional_view.backends.paradigms.statistics import PictureStatistics
from distributional_view.backends.paradigms.vital import VitalSettings
from distributional_view.backends.potential.from_pool import PoolWorld
from distributional_view.theory.methods.pool import ScoredPool
from distributional_view.theory.samplers.schedule import Spacing


class Settings(NamedTuple):
    """How each method that searches goes about it: for small pictures, or as published."""

    fourier: FourierSettings
    maco: MacoSettings
    vital: VitalSettings
    word: CoordinateSettings
    soft: SoftSettings
    hard: GumbelSettings


class Ground(ABC):
    """Pictures, networks and statistics for one feature. Pictures are (n, c, h, w) in [-1, 1], of one size.

    The pool is what a method may know. The other pictures are held back: they judge.
    """

    feature: int
    """Index of the feature."""
    settings: Settings

    @property
    @abstractmethod
    def scores(self) -> Float[np.ndarray, " pictures"]:
        """Of all pictures, the pool first."""

    @property
    @abstractmethod
    def pool(self) -> ScoredPool:
        """Pictures to choose from; they are read when they are taken."""

    @property
    @abstractmethod
    def patches(self) -> Float[np.ndarray, " pool"]:
        """The largest code in the map of each picture of the pool."""

    @property
    @abstractmethod
    def statistics(self) -> PictureStatistics:
        """Of the pool's pictures."""

    @property
    @abstractmethod
    def layers(self) -> Layers:
        """What the network has on the way to the score."""

    @property
    @abstractmethod
    def canvas(self) -> TorchWorld:
        """The score of pictures; its prior is not used."""

    @property
    @abstractmethod
    def world(self) -> TorchWorld:
        """The prior with the score, at the budget's steps; its draws from p are pictures that are held back."""

    @property
    @abstractmethod
    def pooled(self) -> PoolWorld:
        """The same with the H_t of the pool."""

    @abstractmethod
    def prompted(self, steps: int, spacing: Spacing) -> PromptedPrior:
        """A prior that takes prompts, at so many levels of noise."""
