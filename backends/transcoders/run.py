"""The state of a transcoder's training, one step of it, and how it survives a kill."""

from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from distributional_view.backends.training import load_state, require_finite_loss, save_state
from distributional_view.backends.transcoders.dead import aux_loss
from distributional_view.backends.transcoders.evaluate import Activations, Evaluation, read_activations
from distributional_view.backends.transcoders.settings import TrainingSettings
from distributional_view.backends.transcoders.transcoder import Transcoder, TranscoderSpec

STATE = "training.pt"
"""Name of the file in a training's folder."""


class Status(NamedTuple):
    """One step: numbers of its own batch; `silent` features as the AuxK loss counts them."""

    loss: float
    active: float
    silent: int

    def __str__(self) -> str:
        return f"loss {self.loss:.4f}, {self.active:.1f} active, {self.silent} silent"


class TrainingRun:
    """Everything that `save` writes: the transcoder, Adam's state, how long each feature has been quiet, the history.

    Args:
        spec: of the transcoder.
        settings: of the training.
        seed: of the initial weights.
        device: where the transcoder goes.
    """

    def __init__(self, spec: TranscoderSpec, settings: TrainingSettings, seed: int, device: torch.device) -> None:
        self.settings = settings
        self.transcoder = Transcoder(spec, seed).to(device)
        self.optimiser = torch.optim.Adam(self.transcoder.parameters(), lr=settings.learning_rate, betas=(0.9, 0.999))
        self.quiet = torch.zeros(spec.d_sae, dtype=torch.long, device=device)
        self.step = 0
        self.history: list[tuple[int, Evaluation]] = []
        self.device = device
        self.identity = {"spec": asdict(spec), "settings": asdict(settings), "seed": seed}

    @property
    def reached(self) -> bool:
        """Whether the last evaluation is as good as wanted."""
        until = self.settings.until
        return until is not None and bool(self.history) and self.history[-1][1].explained_variance >= until

    @property
    def done(self) -> bool:
        """Whether there is no step left to take."""
        return self.step >= self.settings.steps or self.reached

    def check(self, evaluation: Evaluation) -> None:
        """Remember an evaluation."""
        self.history.append((self.step, evaluation))

    def advance(self, activations: Activations, images: Tensor) -> Status:
        """One step: the loss of `transcoders.train` on one batch, and Adam.

        Raises:
            TrainingDiverged: if the loss is not finite.
        """
        t, settings = self.transcoder.train(), self.settings
        with torch.no_grad():
            x, y = read_activations(t.spec, activations, images.to(self.device))
            y = t.from_output_units(y)
        u = t.pre_activations(x)
        z = t.sparsify(u)
        error = y - t.decode_scaled(z)
        loss = error.square().mean()
        if settings.sparsity_weight > 0:
            loss = loss + settings.sparsity_weight * (z * t.W_D.norm(dim=1)[:, None, None]).sum(dim=1).mean()
        silent = self.quiet >= settings.dead_after
        if silent.any() and settings.aux_weight > 0:
            loss = loss + settings.aux_weight * aux_loss(t, u, error.detach(), silent, settings.aux_k)
        require_finite_loss(loss, self.step)
        self.optimiser.zero_grad()
        loss.backward()
        self._update(settings.rate_at(self.step))
        with torch.no_grad():
            active = (z > 0).sum(dim=(0, 2, 3))
            self.quiet = torch.where(active > 0, 0, self.quiet + 1)
            self._track_threshold(t.ranked(u)[z > 0])
        self.step += 1
        return Status(loss.item(), active.sum().item() / x[:, 0].numel(), int(silent.sum()))

    @torch.no_grad()
    def _update(self, rate: float) -> None:
        """Adam, on the sphere for the decoder's rows unless their norms take part in the ranking."""
        t = self.transcoder
        unit = not t.spec.decoder_norm_scaling
        if unit and t.W_D.grad is not None:
            t.W_D.grad.sub_((t.W_D.grad * t.W_D).sum(dim=1, keepdim=True) * t.W_D)
        self.optimiser.param_groups[0]["lr"] = rate
        self.optimiser.step()
        if unit:
            t.W_D.div_(t.W_D.norm(dim=1, keepdim=True))

    def _track_threshold(self, kept: Float[Tensor, " m"]) -> None:
        """Running mean of the smallest value that batch top-k keeps."""
        threshold = self.transcoder.batch_threshold
        if threshold is not None and kept.numel() > 0:
            rate = self.settings.threshold_rate if threshold > 0 else 1.0
            threshold += rate * (kept.min() - threshold)

    def save(self, folder: Path, job: str = "") -> None:
        """Write the state into a folder, as the job's."""
        state = {
            "transcoder": self.transcoder.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "quiet": self.quiet,
            "step": self.step,
            "history": [(step, tuple(evaluation)) for step, evaluation in self.history],
        }
        save_state(folder / STATE, self.identity, state, job)

    def load(self, folder: Path, job: str = "") -> bool:
        """Go on from the state in a folder, if there is one and it is the job's.

        Raises:
            UserError: if it is damaged.
            ValueError: if it belongs to another training.
        """
        state = load_state(folder / STATE, self.identity, self.device, job)
        if state is None:
            return False
        self.transcoder.load_state_dict(state["transcoder"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.quiet, self.step = state["quiet"], state["step"]
        self.history = [(step, Evaluation(*values)) for step, values in state["history"]]
        return True
