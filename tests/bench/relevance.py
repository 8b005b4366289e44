"""Gradient times activation against layer-wise relevance propagation: what they sum to, how channels rank.

    python -m tests.bench.relevance [--features 6] [--references 30] [--pictures 6]

Last, the mean score of VITAL's pictures by each after 128 steps, with its standard error; `--pictures 0` leaves it out.
"""

import math
from dataclasses import replace

import click
import numpy as np
import torch
from scipy.stats import spearmanr

from distributional_view.backends.embedded.features import read_named
from distributional_view.backends.embedded.paradigm_ground import EmbeddedGround
from distributional_view.backends.embedded.world import STEPS
from distributional_view.backends.paradigms import vital
from distributional_view.backends.paradigms.relevance import relevances


@click.command()
@click.option("--features", default=6)
@click.option("--references", default=30)
@click.option("--pictures", default=6)
def main(features: int, references: int, pictures: int) -> None:
    torch.set_num_threads(1)
    for feature in read_named()[:features]:
        one = EmbeddedGround(feature.index, STEPS)
        best = torch.as_tensor(one.pool.take(np.argsort(-one.pool.scores, kind="stable")[:references]))
        score = one.layers(best)[1].detach()
        maps = {rule: relevances(one.layers, best, rule) for rule in ("gradient", "LRP")}
        sums = {rule: [float((m.sum((1, 2, 3)) / score).mean()) for m in found] for rule, found in maps.items()}
        weights = {rule: [m.abs().sum((0, 2, 3)) for m in found] for rule, found in maps.items()}
        ranks = [float(spearmanr(*pair)[0]) for pair in zip(*weights.values(), strict=True)]
        told = {rule: [round(value, 2) for value in found] for rule, found in sums.items()}
        print(feature.name, told, "Spearman", [round(value, 2) for value in ranks], flush=True)
        for rule in maps if pictures else ():
            settings = replace(vital.SMALL, relevance=rule, steps=128)
            scores = vital.Vital(one.world, one.layers, best, settings).draw(math.inf, 0, pictures).scores
            print(rule, round(float(scores.mean()), 2), "±", round(float(scores.std(ddof=1)) / pictures**0.5, 2))


if __name__ == "__main__":
    main()
