"""The split of Theorem F.7 for single words on the embedded world: level, and at least how much bottleneck.

    python -m tests.bench.bottleneck --pool FOLDER [--n 300] [--out results/bottleneck]

FOLDER is one of `dview embedded-pool`. A word's pictures are drawn as the pool's are, at guidance 1, and kept. The
target is their own mean score, so that nothing is overshoot. Once by shares of cells (class and score), once by a
function of score, the classifier's logits and its probabilities that is fitted on one half and evaluated on the other.
The control is the tilt itself, as many pictures of the pool's second half drawn by weight: it has no bottleneck.
"""

import json
from dataclasses import replace
from pathlib import Path

import click
import numpy as np
import torch

from distributional_view.backends.embedded.animals import as_grey, to_images
from distributional_view.backends.embedded.features import read_named
from distributional_view.backends.embedded.measures import features_and_logits
from distributional_view.backends.embedded.prior_pool import CHUNK, PoolPlan, PriorPool, kept_pool
from distributional_view.backends.embedded.prompted import embedded_prior
from distributional_view.backends.embedded.store import load_classifier
from distributional_view.backends.embedded.world import feature_score
from distributional_view.backends.paradigms.prompted import of_prompt
from distributional_view.theory import AtomicLaw, calibrate_klsc, tilted_weights
from distributional_view.theory.pools.bounded import split_at_least
from distributional_view.theory.pools.split import split_sampled
from distributional_view.theory.samplers.energy_dps import unguided
from distributional_view.theory.seeds import part_seed

WORDS = {"zebra": "zebra stripes", "cow": "cow's belly"}
"""Words, and the feature that each is a prompt for."""


def drawn(word: str, n: int, out: Path, plan: PoolPlan) -> torch.Tensor:
    """Pictures of a word, kept in a file as grey values."""
    path = out / f"{word}-{n}.npy"
    if not path.exists():
        prior = embedded_prior(0, plan.steps, plan.spacing)
        condition = prior.encode(prior.embed(prior.tokenized(word)))
        world = replace(of_prompt(prior, condition, 1.0), batch=CHUNK)
        images = unguided(world, world.noise(part_seed(1, list(WORDS).index(word)), n), solver=plan.solver)
        np.save(path, as_grey(images))
    return to_images(np.load(path)[:, 0])


def features_of(scores: np.ndarray, logits: torch.Tensor) -> np.ndarray:
    """What the function is linear in."""
    return np.column_stack([scores, logits.double().numpy(), logits.double().softmax(1).numpy()])


@click.command()
@click.option("--pool", "folder", required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--n", default=300)
@click.option("--out", default="results/bottleneck", type=click.Path(path_type=Path))
def main(folder: Path, n: int, out: Path) -> None:
    torch.set_num_threads(1)
    out.mkdir(parents=True, exist_ok=True)
    pool: PriorPool = kept_pool(folder)
    half = len(pool) // 2
    indices = {feature.name: feature.index for feature in read_named()}
    for word, name in WORDS.items():
        images, psi = drawn(word, n, out, PoolPlan()), feature_score(indices[name])
        with torch.no_grad():
            scores = torch.cat([psi(part) for part in images.split(CHUNK)]).double().numpy()
        logits = features_and_logits(load_classifier(), images, CHUNK)[1]
        known, mean = pool.activation(indices[name]), float(scores.mean())
        seen = features_of(known, pool.logits)
        cells = split_sampled(known, pool.labels, scores, logits.argmax(1).numpy(), mean)
        halves = split_at_least(known, seen, scores, features_of(scores, logits), mean)
        weights = tilted_weights(known[half:], calibrate_klsc(AtomicLaw(known[half:]), mean).multiplier)
        taken = half + np.random.default_rng(part_seed(2, n)).choice(half, n, p=weights)
        control = split_at_least(known[:half], seen[:half], known[taken], seen[taken], float(known[taken].mean()))
        told = {"word": word, "feature": name, "mean": mean, "mean of the pool": float(known.mean())}
        splits = {"cells": cells, "halves": halves, "control": control}
        print(json.dumps(told | {key: split._asdict() for key, split in splits.items()}), flush=True)


if __name__ == "__main__":
    main()
