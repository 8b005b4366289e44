"""The isotropic Gaussian mixture as a torch network, for the contract tests: posterior mean in closed form."""

import numpy as np
import torch

from distributional_view.backends.adapter.world import TorchWorld
from distributional_view.theory.samplers.schedule import NoiseSchedule


class MixtureDenoiser(torch.nn.Module):
    """x_t, time -> E[X_0 | x_t] as "sample", "epsilon" or "v"; `full` is the schedule whose steps `time` counts."""

    def __init__(self, weights, means, variances, full: NoiseSchedule, prediction="sample", dtype=torch.float64):
        super().__init__()
        self.prediction = prediction
        for name, value in (
            ("log_weights", np.log(weights)),
            ("means", means),
            ("variances", variances),
            ("alpha_bar", full.alpha_bar[1:]),
        ):
            self.register_buffer(name, torch.tensor(value, dtype=dtype))

    def forward(self, x_t, time):
        a = self.alpha_bar[time][:, None]
        signal, spread = a.sqrt(), 1 - a
        total = a * self.variances + spread
        offset = x_t[:, None, :] - signal[:, :, None] * self.means
        dim = x_t.shape[1]
        log_r = self.log_weights - 0.5 * dim * total.log() - 0.5 * (offset**2).sum(-1) / total
        gain = signal * self.variances / total
        x0 = (log_r.softmax(-1)[..., None] * (self.means + gain[..., None] * offset)).sum(1)
        epsilon = (x_t - signal * x0) / spread.sqrt()
        if self.prediction == "epsilon":
            return epsilon
        return x0 if self.prediction == "sample" else signal * epsilon - spread.sqrt() * x0


class Cosine(torch.nn.Module):
    """alpha (1 - cos(angle - direction)) at points (n, 2)."""

    def __init__(self, scale, direction):
        super().__init__()
        self.scale, self.direction = scale, direction

    def forward(self, x):
        return self.scale * (1 - torch.cos(torch.atan2(x[:, 1], x[:, 0]) - self.direction))


def torch_mixture(weights, means, variances, scale, direction, steps=40, prediction="sample", **options) -> TorchWorld:
    """The world; options go to `TorchWorld`."""
    full = NoiseSchedule.linear()
    dtype = options.pop("dtype", torch.float64)
    denoiser = MixtureDenoiser(weights, means, variances, full, prediction, dtype)
    psi = Cosine(scale, direction)
    return TorchWorld(denoiser, psi, full.strided(steps), (2,), prediction, dtype=dtype, **options)
