"""How a transcoder is trained: steps, learning rate, and the factors of the loss in `transcoders.train`."""

import math
from dataclasses import dataclass

from distributional_view.theory.errors import require


@dataclass(frozen=True)
class TrainingSettings:
    """How to train.

    Args:
        steps: Adam steps, >= 1.
        learning_rate: > 0; rises over `warmup` steps, falls to zero over the last fifth of the steps.
        until: explained variance on the validation images at which to stop earlier, < 1; checked every `check_every`
            steps. Default: no early stop.
        warmup: steps, >= 0.
        sparsity_weight: w of the loss, >= 0.
        aux_weight: a of the loss, >= 0; 1/32 is the value of Gao et al.
        aux_k: silent features used for e_hat at each position; default half of the channels (Gao et al.).
        dead_after: a feature is silent after that many steps without being active.
        check_every: steps between two evaluations.
        save_every: steps between two saves.
        calibration_batches: first batches from which the mean norms and the initial b_D are taken, >= 1.
        threshold_rate: weight of a new batch in the running mean of the "batchtopk" threshold.

    Raises:
        ValueError: for values outside these ranges.
    """

    steps: int
    learning_rate: float
    until: float | None = None
    warmup: int = 100
    sparsity_weight: float = 0.0
    aux_weight: float = 1 / 32
    aux_k: int | None = None
    dead_after: int = 200
    check_every: int = 500
    save_every: int = 500
    calibration_batches: int = 8
    threshold_rate: float = 0.01

    def __post_init__(self) -> None:
        for name in ("steps", "dead_after", "check_every", "save_every", "calibration_batches"):
            require(getattr(self, name) >= 1, name, getattr(self, name), ">= 1")
        for name in ("warmup", "sparsity_weight", "aux_weight"):
            require(getattr(self, name) >= 0, name, getattr(self, name), ">= 0")
        rate = self.learning_rate
        require(math.isfinite(rate) and rate > 0, "learning_rate", rate, "finite and > 0")
        require(self.until is None or self.until < 1, "until", self.until, "an explained variance < 1")
        require(self.aux_k is None or self.aux_k >= 1, "aux_k", self.aux_k, ">= 1")
        require(0 < self.threshold_rate <= 1, "threshold_rate", self.threshold_rate, "in (0, 1]")

    def rate_at(self, step: int) -> float:
        """The learning rate of step 0, 1, ..., steps - 1."""
        rising = (step + 1) / (self.warmup + 1)
        falling = (self.steps - step) / (0.2 * self.steps)
        return self.learning_rate * min(1.0, rising, falling)
