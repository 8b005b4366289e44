"""Training of a transcoder on activations that are computed as they are needed.

Each step takes one batch of images, asks the backbone for the activations to read and the activations to reconstruct,
and makes one Adam step on

    L = |y - y_hat|^2 + w mean_positions(sum_k |W_D[k]| z_k) + a |(y - y_hat) - e_hat|^2

(squared norms are means over positions and channels, in scaled units). The second term is the penalty of (36), zero by
default as in the paper's runs. The third handles dead features (the AuxK loss of Gao et al. 2024, arXiv 2406.04093):
e_hat reconstructs the present error with the largest pre-activations of the features that have been silent for a
while, which pulls them towards what is not yet explained. Unlike theirs, these are not rectified, so that a feature
that is negative everywhere has a gradient too. The paper's runs had no such term (`aux_weight = 0`).

One batch of activations is in memory at a time. The decoder's rows are unit vectors (renormalised after each step,
their gradient made tangent before it; Bricken et al. 2023), unless the features are ranked with their decoder norms:
then the scale of a row is no longer free, and the rows are left alone.

With a folder given, all of the training's state is saved every so many steps; a run that was killed continues from
there and ends in the same weights, bit for bit, as one that was not (same machine, same number of threads).

Paper: Appendix C.1 (35)-(36), Appendix J.1.
"""

import math
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor

from distributional_view.backends.transcoders.evaluate import Activations, Evaluation, evaluate, read_activations
from distributional_view.backends.transcoders.transcoder import Transcoder, TranscoderSpec
from distributional_view.theory.errors import require

Stream = Callable[[int], Iterator[Tensor]]
"""Number of batches already taken -> the batches after them, for ever."""
STATE = "training.pt"


class TrainingDiverged(RuntimeError):
    """The loss is no longer finite; the message says at which step."""


@dataclass(frozen=True)
class Settings:
    """How to train.

    Args:
        steps: Adam steps, >= 1.
        learning_rate: > 0; rises over `warmup` steps, falls to zero over the last fifth of the steps.
        until: explained variance on the validation images at which to stop earlier, < 1; checked every `check_every`
            steps. Default: no early stop.
        warmup: steps, >= 0.
        sparsity_weight: w above, >= 0.
        aux_weight: a above, >= 0; 1/32 is the value of Gao et al.
        aux_k: silent features used for e_hat at each position; default half of the channels (Gao et al.).
        dead_after: a feature is silent after that many steps without being active.
        check_every: steps between two evaluations.
        save_every: steps between two saves.
        calibration_batches: first batches from which the mean norms and the initial b_D are taken, >= 1.
        threshold_rate: weight of a new batch in the running mean of the "batchtopk" threshold.
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


class Status(NamedTuple):
    """One step, for progress bars: numbers of its own batch; `silent` features as the AuxK loss counts them."""

    step: int
    steps: int
    loss: float
    active: float
    silent: int


class Trained(NamedTuple):
    """The transcoder (in evaluation mode), its evaluation at the end, those on the way, and whether `until` was met."""

    transcoder: Transcoder
    evaluation: Evaluation
    history: list[tuple[int, Evaluation]]
    steps: int
    reached: bool


def stream_of(batches: Iterable[Tensor] | Stream) -> Stream:
    """A stream from anything that can be iterated over again and again; resuming skips what was taken."""
    if callable(batches):
        return batches

    def start_at(start: int) -> Iterator[Tensor]:
        return islice(_for_ever(batches), start, None)

    return start_at


def _for_ever(batches: Iterable[Tensor]) -> Iterator[Tensor]:
    """Pass after pass.

    Raises:
        ValueError: if a pass is empty, as is the second one over a generator.
    """
    while True:
        empty = True
        for images in batches:
            empty = False
            yield images
        require(not empty, "batches", batches, "batches that can be iterated over again and again, at least one")


def train(
    spec: TranscoderSpec,
    activations: Activations,
    batches: Iterable[Tensor] | Stream,
    validation: Iterable[Tensor],
    settings: Settings,
    seed: int,
    folder: Path | None = None,
    device: str | torch.device = "cpu",
    progress: Callable[[Status], None] | None = None,
) -> Trained:
    """Train a transcoder, or go on where a killed run stopped.

    Args:
        spec: its shape and conventions. "jumprelu" is not trained: train "batchtopk" and use `to_jumprelu`.
        activations: images -> activations to read (n, d_in, h, w) and to reconstruct (n, d_out, h, w); called without
            a graph. The same tensor twice for an autoencoder.
        batches: batches of images, or a stream of them; with a plain iterable each pass must give the same order if
            the run is to be resumed exactly.
        validation: batches of images for the explained variance; iterated over at each check.
        settings: see `Settings`.
        seed: of the initial weights.
        folder: where to keep the state; None keeps nothing.
        device: where the transcoder and the images go.
        progress: called after each step.

    Raises:
        TrainingDiverged: if the loss stops being finite.
        ValueError: for "jumprelu", activations of a wrong shape, no batches, or a folder with the state of a run with
            other settings.
    """
    require(spec.activation != "jumprelu", "activation", spec.activation, "topk, batchtopk or relu")
    run = _Run(spec, settings, seed, torch.device(device))
    resumed = folder is not None and run.load(folder / STATE)
    stream = stream_of(batches)
    if not resumed:
        run.calibrate(activations, islice(stream(0), settings.calibration_batches))
    images = stream(run.step)
    while not run.done:
        status = run.advance(activations, next(images))
        if run.step % settings.check_every == 0 or run.step == settings.steps:
            run.check(evaluate(run.transcoder, activations, validation, device))
        if folder is not None and (run.step % settings.save_every == 0 or run.done):
            run.save(folder / STATE)
        if progress is not None:
            progress(status)
    run.transcoder.eval()
    return Trained(run.transcoder, run.history[-1][1], run.history, run.step, run.reached)


class _Run:
    """The state of a training run: everything that `save` writes."""

    def __init__(self, spec: TranscoderSpec, settings: Settings, seed: int, device: torch.device) -> None:
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
        until = self.settings.until
        return until is not None and bool(self.history) and self.history[-1][1].explained_variance >= until

    @property
    def done(self) -> bool:
        return self.step >= self.settings.steps or self.reached

    @torch.no_grad()
    def calibrate(self, activations: Activations, batches: Iterator[Tensor]) -> None:
        """Mean norms; b_D and b_pre at the means of what is reconstructed and read.

        Without b_pre, b_conv starts where it centres the pre-activations: a common offset of all activations would
        otherwise make some features active everywhere and most of the others dead.
        """
        t = self.transcoder
        sums = [torch.zeros(d, dtype=torch.float64, device=self.device) for d in (t.spec.d_in, t.spec.out)]
        norms, count = torch.zeros(2, dtype=torch.float64, device=self.device), 0
        for images in batches:
            grids = read_activations(t.spec, activations, images.to(self.device))
            for i, grid in enumerate(grids):
                sums[i] += grid.double().sum(dim=(0, 2, 3))
                norms[i] += grid.double().norm(dim=1).sum()
            count += grids[0][:, 0].numel()
        means = [s / count for s in sums]
        if t.norm_in is not None and t.norm_out is not None:
            t.norm_in.copy_(norms[0] / count)
            t.norm_out.copy_(norms[1] / count)
            means = [m * math.sqrt(m.numel()) / n for m, n in zip(means, norms / count, strict=True)]
        for parameter, mean in ((t.b_pre, means[0]), (t.b_D, means[1])):
            if parameter is not None:
                parameter.copy_(mean)
        if t.b_pre is None:
            t.b_conv.sub_(t.W_conv.sum(dim=(2, 3)) @ means[0].to(t.W_conv))

    def advance(self, activations: Activations, images: Tensor) -> Status:
        """One step."""
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
        dead = int(silent.sum())
        if dead and settings.aux_weight > 0:
            loss = loss + settings.aux_weight * self._aux_loss(u, error.detach(), silent, dead)
        if not torch.isfinite(loss):
            raise TrainingDiverged(f"loss = {loss.item()} at step {self.step}: lower learning_rate, check activations")
        self.optimiser.zero_grad()
        loss.backward()
        self._update(settings.rate_at(self.step))
        with torch.no_grad():
            active = (z > 0).sum(dim=(0, 2, 3))
            self.quiet = torch.where(active > 0, 0, self.quiet + 1)
            self._track_threshold(t.ranked(u)[z > 0])
        self.step += 1
        return Status(self.step, settings.steps, loss.item(), active.sum().item() / x[:, 0].numel(), dead)

    def _aux_loss(self, u: Tensor, error: Tensor, silent: Tensor, dead: int) -> Tensor:
        """Mean squared distance of the error to what the silent features make of it.

        Their pre-activations are not rectified, unlike Gao et al.'s: a feature that is negative everywhere has a
        gradient too.
        """
        t = self.transcoder
        k = min(dead, self.settings.aux_k or max(1, t.spec.out // 2))
        among = u[:, silent]
        best = t.ranked(u).detach()[:, silent].topk(k, dim=1).indices
        z = torch.zeros_like(among).scatter_(1, best, among.gather(1, best))
        e_hat = torch.einsum("nkhw,kd->ndhw", z, t.W_D[silent])
        return (error - e_hat).square().mean()

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

    def _track_threshold(self, kept: Tensor) -> None:
        """Running mean of the smallest value that batch top-k keeps."""
        threshold = self.transcoder.batch_threshold
        if threshold is not None and kept.numel() > 0:
            rate = self.settings.threshold_rate if threshold > 0 else 1.0
            threshold += rate * (kept.min() - threshold)

    def check(self, evaluation: Evaluation) -> None:
        """Remember an evaluation."""
        self.history.append((self.step, evaluation))

    def save(self, path: Path) -> None:
        """Write the state; the file is replaced in one go, so a kill leaves the old one or the new one."""
        path.parent.mkdir(parents=True, exist_ok=True)
        state = {
            **self.identity,
            "transcoder": self.transcoder.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "quiet": self.quiet,
            "step": self.step,
            "history": [(step, tuple(evaluation)) for step, evaluation in self.history],
        }
        partial = path.with_suffix(".partial")
        torch.save(state, partial)
        os.replace(partial, path)

    def load(self, path: Path) -> bool:
        """Read the state if there is one."""
        if not path.exists():
            return False
        state = cast(dict[str, Any], torch.load(path, map_location=self.device, weights_only=True))
        for name, value in self.identity.items():
            require(state[name] == value, f"{name} of {path}", state[name], f"{value!r}, or another folder")
        self.transcoder.load_state_dict(state["transcoder"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.quiet, self.step = state["quiet"], state["step"]
        self.history = [(step, Evaluation(*values)) for step, values in state["history"]]
        return True
