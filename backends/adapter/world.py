"""A torch model as a world: any denoiser, noise schedule and differentiable score.

`TorchWorld` is the protocol of `theory.samplers.world` for tensors and nothing else: `theory`'s samplers, calibrations
and metrics run on it unchanged. One guidance is one forward pass of denoiser and score and one backward pass; points
stay on their device, in `dtype`, from the noise to the last step; only decisions (calibration, resampling) read numbers
back.

Paper: Algorithm 1, Appendix J.2.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import torch
from jaxtyping import Shaped
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from distributional_view.backends.adapter.passes import (
    ModelFailed,
    advice,
    gradient_of,
    in_precision,
    require_finite,
    score_at,
)
from distributional_view.theory.errors import require
from distributional_view.theory.progress import Progress
from distributional_view.theory.samplers.energy_dps import unguided
from distributional_view.theory.samplers.schedule import NoiseSchedule, Row
from distributional_view.theory.samplers.world import Guidance, Noise, State, Step, python_loop

Prediction = Literal["epsilon", "v", "sample"]
Denoiser = Callable[[Tensor, Tensor], Tensor]
"""(x_t (n, *shape), time (n,)) -> the prediction (n, *shape); times are int64, or of x_t's type if `fractional`."""


@dataclass(frozen=True, eq=False)
class TorchWorld:
    """A world from a torch denoiser and a score.

    Args:
        denoiser: network (x_t, time) -> prediction; time is the step of the schedule that it was trained on. Its
            parameters need no gradients: switch them off to save memory.
        psi: differentiable score of clean points, (n, *shape) -> (n,).
        schedule: noise levels to visit; `NoiseSchedule.strided` for fewer than in training.
        shape: of one point, for example (3, 256, 256).
        prediction: what the denoiser predicts: the noise ("epsilon"), "v" = sqrt(alpha_bar) noise -
            sqrt(1 - alpha_bar) x_0, or x_0 itself ("sample").
        clip: range to which x0_hat is clamped, as image priors do; None for none. Where a value is clamped no gradient
            passes.
        device: of all points; the models must be there already.
        dtype: of all points.
        autocast: precision inside the models, for example torch.bfloat16; None for that of `dtype`.
        recompute: gradient checkpointing: the denoiser's inner values are computed again in the backward pass, so that
            they do not stay in memory beside the score's. A denoiser may checkpoint its own blocks as well.
        batch: most points in one pass through the models; None for all at once.
        prior: (seed, n) -> (n, *shape), draws from p, such as pictures of a data set; default: the unguided sampler.
        fractional: the denoiser takes times between the steps that it was trained on, as `NoiseSchedule.spaced` asks
            for; it then gets all times as floating-point numbers.
        places: where the points stand in a larger set: the noise of each depends on the seed and its place, not on the
            points beside it. None: the noise is drawn for all at once.
        decoder: from points to pictures, differentiable, where the points are latents: psi is then a score of pictures.
            With `recompute` its inner values do not stay in memory either. None: the points are what psi takes.

    Raises:
        ValueError: for bad arguments.
    """

    denoiser: Denoiser
    psi: Callable[[Tensor], Tensor]
    schedule: NoiseSchedule
    shape: tuple[int, ...]
    prediction: Prediction = "epsilon"
    clip: tuple[float, float] | None = None
    device: torch.device | str = "cpu"
    dtype: torch.dtype = torch.float32
    autocast: torch.dtype | None = None
    recompute: bool = False
    batch: int | None = None
    prior: Callable[[int, int], Tensor] | None = None
    fractional: bool = False
    places: tuple[int, ...] | None = None
    decoder: Callable[[Tensor], Tensor] | None = None

    def __post_init__(self) -> None:
        good = len(self.shape) > 0 and all(s >= 1 for s in self.shape)
        require(good, "shape", self.shape, "sizes >= 1, at least one")
        require(self.prediction in get_args(Prediction), "prediction", self.prediction, f"in {get_args(Prediction)}")
        require(self.clip is None or self.clip[0] < self.clip[1], "clip", self.clip, "(lower, upper) or None")
        require(self.dtype.is_floating_point, "dtype", self.dtype, "a floating-point type")
        require(self.batch is None or self.batch >= 1, "batch", self.batch, ">= 1 or None")
        times = self.schedule.rows.time
        whole = self.fractional or bool((times == np.floor(times)).all())
        require(whole, "schedule", "times between steps", "whole times, unless the denoiser is `fractional`")

    def sample_prior(self, seed: int, n: int) -> Tensor:
        """n draws from p."""
        return unguided(self, self.noise(seed, n)) if self.prior is None else self.prior(seed, n)

    def noise(self, seed: int, n: int) -> Noise:
        """Standard normal points for each step index, drawn on the device; equal seeds give equal noise there.

        Raises:
            ValueError: if the points have places and are not as many.
        """
        places = self.places
        require(places is None or len(places) == n, "n", n, f"the number of places, {len(places or ())}")

        def at(index: Any) -> Tensor:
            if places is None:
                return self._normal(n, seed, int(index))
            return torch.cat([self._normal(1, seed, int(index), place) for place in places])

        return at

    def _normal(self, n: int, *seed: int) -> Tensor:
        state = int(np.random.SeedSequence(seed).generate_state(1, np.uint32)[0])
        generator = torch.Generator(self.device).manual_seed(state)
        return torch.randn((n, *self.shape), generator=generator, device=self.device, dtype=self.dtype)

    def denoise(self, x_t: Tensor, row: Row) -> Tensor:
        """x0_hat. Paper: Algorithm 1. Its line 2."""
        with torch.no_grad():
            return torch.cat([self._x0_hat(part, row) for part in self._parts(x_t)])

    def guidance(self, x_t: Tensor, row: Row) -> Guidance:
        """psi(x0_hat), its gradient through the denoiser, and x0_hat, by one backward pass a batch."""
        parts = [self._guidance(part, row) for part in self._parts(x_t)]
        return Guidance(*(torch.cat(column) for column in zip(*parts, strict=True)))

    def score(self, x: Tensor) -> Tensor:
        """psi at clean points."""
        with torch.no_grad():
            return torch.cat([self._psi(part, "clean points") for part in self._parts(x)])

    def score_gradient(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """psi and its gradient at clean points."""
        parts = []
        for part in self._parts(x):
            with torch.enable_grad():
                leaf = part.detach().requires_grad_()
                value = self._psi(leaf, "clean points")
                parts.append((value.detach(), gradient_of(value, leaf, "clean points")))
        values, gradients = (torch.cat(column) for column in zip(*parts, strict=True))
        return values, gradients

    def pictures(self, x: Tensor) -> Tensor:
        """What psi sees of clean points: the pictures of latents, or the points."""
        with torch.no_grad():
            return torch.cat([self._decoded(part, "clean points") for part in self._parts(x)])

    def scale(self, factors: Tensor, x: Tensor) -> Tensor:
        """Each point times its own factor (a number or a truth value)."""
        return factors.to(x.dtype).reshape(-1, *[1] * (x.ndim - 1)) * x

    def dot(self, x: Tensor, y: Tensor) -> Tensor:
        """Inner product of each pair of points."""
        return (x * y).flatten(1).sum(1)

    def take(self, x: Tensor, indices: Shaped[np.ndarray, " m"]) -> Tensor:
        """The points with these indices."""
        return x[torch.as_tensor(indices, device=x.device)]

    def loop(self, step: Step[State], x: State, rows: Row, noise: Noise, progress: Progress | None = None) -> State:
        """All steps, one by one."""
        return python_loop(self, step, x, rows, noise, progress)

    def to_numpy(self, x: Tensor) -> Shaped[np.ndarray, "n ..."]:
        """A copy in numpy's double precision."""
        return x.detach().to("cpu", torch.float64, copy=True).numpy()

    def from_numpy(self, x: Shaped[np.ndarray, "n ..."]) -> Tensor:
        """Points from a numpy array."""
        return torch.tensor(x, dtype=self.dtype, device=self.device)

    def _parts(self, x: Tensor) -> tuple[Tensor, ...]:
        require(x.shape[1:] == self.shape, "shape of points", tuple(x.shape), f"(n, {', '.join(map(str, self.shape))})")
        return x.split(self.batch or max(len(x), 1))

    def _x0_hat(self, x_t: Tensor, row: Row) -> Tensor:
        dtype, where = x_t.dtype if self.fractional else torch.int64, f"time {float(row.time):g}"
        time = torch.full((len(x_t),), row.time, dtype=dtype, device=x_t.device)
        with (
            in_precision(self.device, self.autocast),
            advice(f"the denoiser, at {where}, on points {tuple(x_t.shape)}"),
        ):
            if self.recompute and torch.is_grad_enabled():
                raw = checkpoint(self.denoiser, x_t, time, use_reentrant=False)
            else:
                raw = self.denoiser(x_t, time)
        if raw.shape != x_t.shape:
            more = raw.ndim == x_t.ndim and raw.shape[1] == 2 * x_t.shape[1]
            hint = "; a network that also predicts variances must be cut to its first channels" if more else ""
            raise ModelFailed(f"the denoiser gave shape {tuple(raw.shape)} for points {tuple(x_t.shape)}{hint}")
        raw, sd = raw.to(x_t.dtype), row.noise_variance**0.5
        if self.prediction == "epsilon":
            raw = (x_t - sd * raw) / row.signal
        elif self.prediction == "v":
            raw = row.signal * x_t - sd * raw
        require_finite(raw, "the denoised estimate", where)
        return raw if self.clip is None else raw.clamp(*self.clip)

    def _psi(self, x: Tensor, where: str) -> Tensor:
        return score_at(self.psi, self._decoded(x, where), where, self.autocast)

    def _decoded(self, x: Tensor, where: str) -> Tensor:
        if self.decoder is None:
            return x
        with in_precision(self.device, self.autocast), advice(f"the decoder, at {where}, on points {tuple(x.shape)}"):
            if self.recompute and torch.is_grad_enabled():
                pictures = checkpoint(self.decoder, x, use_reentrant=False)
            else:
                pictures = self.decoder(x)
        return pictures.to(x.dtype)

    def _guidance(self, x_t: Tensor, row: Row) -> Guidance:
        with torch.enable_grad():
            leaf = x_t.detach().requires_grad_()
            x0_hat = self._x0_hat(leaf, row)
            where = f"time {float(row.time):g}"
            value = self._psi(x0_hat, where)
            gradient = gradient_of(value, leaf, where)
        return Guidance(value.detach(), gradient, x0_hat.detach())
