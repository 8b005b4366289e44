"""A world whose score is standard normal under the prior, and a pool of its pictures, for the tests of `explain`."""

import torch

from distributional_view.backends.adapter.passes import PictureScore
from distributional_view.backends.adapter.world import TorchWorld
from distributional_view.theory.samplers.schedule import NoiseSchedule

SHAPE = (1, 4, 4)
SCHEDULE = NoiseSchedule.linear().strided(30)


def gaussian_world(calls=None, **options):
    """N(0, I) with the mean pixel times 4 as the score: N(0, 1) under the prior."""
    alpha_bar = torch.tensor(NoiseSchedule.linear().alpha_bar[1:], dtype=torch.float32)

    def denoiser(x, time):
        if calls is not None:
            calls.append(len(x))
        return alpha_bar[time].sqrt()[:, None, None, None] * x

    return TorchWorld(denoiser, lambda x: 4 * x.mean((1, 2, 3)), SCHEDULE, SHAPE, "sample", **options)


SCORE = PictureScore(lambda x: 4 * x.mean((1, 2, 3)))
POOL = torch.randn((400, *SHAPE), generator=torch.Generator().manual_seed(0))
