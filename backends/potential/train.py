"""Learn H_t from draws with their scores: noise them, and predict the bins of the score.

Each batch has its noise levels spread evenly over the angle atan2(sd, signal), so that no schedule is preferred. The
loss is the cross-entropy of the smeared bins, which the law of the score given x_t makes least.
"""

import math
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from distributional_view.backends.fit import Plan, build, fit
from distributional_view.backends.potential.bins import BINS, Bins
from distributional_view.backends.potential.learned import LearnedPotential, Spec
from distributional_view.theory.errors import require
from distributional_view.theory.progress import Progress, silent

PLAN = Plan(steps=700, batch=128, learning_rate=2e-3, seed=0, decay=0.995, weight_decay=0.05)
"""About a minute on one thread for pictures of 32 pixels a side."""


def noised(
    draws: Float[Tensor, "n ..."], rng: torch.Generator, square: int = 1
) -> tuple[Float[Tensor, "n ..."], Float[Tensor, " n"], Float[Tensor, " n"]]:
    """Draws at levels spread evenly over the angle: x_t, signal and sd of each.

    Args:
        draws: x_0, averaged over squares.
        rng: of levels and noise.
        square: side of the squares, by which averaging divides the noise.
    """
    n = len(draws)
    angle = (torch.arange(n) + torch.rand(n, generator=rng)) / n * (math.pi / 2)
    signal, sd = angle.cos(), angle.sin()
    noise = torch.randn(draws.shape, generator=rng) / square
    shape = (-1, *[1] * (draws.ndim - 1))
    return signal.reshape(shape) * draws + sd.reshape(shape) * noise, signal, sd


def learn(
    draws: Float[Tensor, "n ..."],
    scores: Float[Tensor, "n features"],
    features: tuple[str, ...],
    plan: Plan = PLAN,
    checkpoint: Path | None = None,
    progress: Progress = silent,
    bins: int = BINS,
    shape: tuple[int, ...] | None = None,
    inputs: Mapping[str, str] | None = None,
) -> LearnedPotential:
    """A potential for every column of the scores.

    Args:
        draws: from the prior or the data, n >= 2: points (n, d), or pictures (n, c, h, w) in the sampler's range.
        scores: psi of each draw, one column a feature, score units.
        features: names of the columns.
        plan: of the training.
        checkpoint: file to continue from if it exists; None keeps nothing.
        progress: told of each step.
        bins: of each feature, >= 2.
        shape: of one point, where the draws come averaged by `Spec.averaged`; None: they come as they are.
        inputs: hashes of what draws and scores were made of, kept in the record.

    Raises:
        ValueError: for draws and scores that do not fit, or a bad plan.
        TrainingDiverged, UserError: see `fit`.
    """
    wanted = (len(draws), len(features))
    require(tuple(scores.shape) == wanted, "scores.shape", tuple(scores.shape), f"{wanted}, draws and features")
    require(bool(draws.isfinite().all()) and len(draws) >= 2, "draws", "not all finite", "finite, at least two")
    started = time.process_time()
    whole = tuple(draws.shape[1:]) if shape is None else shape
    spec = Spec(whole, features, bins, float(draws.float().square().mean().sqrt()))
    small = spec.averaged(draws) if shape is None else draws
    law = Bins.of(scores, bins)
    targets = law.targets(scores)
    network = build(lambda: spec.network(targets.mean(0)), plan.seed)
    learned = LearnedPotential(spec, law, network, {})

    def loss(rng: torch.Generator) -> Tensor:
        drawn = torch.randint(len(small), (plan.batch,), generator=rng)
        found = learned.logits(*noised(small[drawn].float(), rng, spec.square)).log_softmax(-1)
        return -(targets[drawn] * found).sum((1, 2)).mean() / len(features)

    final = fit(network, loss, plan, checkpoint, progress, inputs)
    network.requires_grad_(False)
    learned.record.update(
        {
            "plan": asdict(plan),
            "draws": len(draws),
            "inputs": dict(inputs or {}),
            "training loss": final,
            "CPU seconds": round(time.process_time() - started, 1),
        }
    )
    return learned
