"""H_t of the embedded backend: learned from the training pictures, and judged on the others.

The pictures of `sample_prior` are here the test pictures, which the training has not seen: `predictive` asks there how
well the potential predicts, and on pictures that it was trained on the answer would be too good.
"""

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TypeVar

import torch
from jaxtyping import Float
from torch import Tensor

from distributional_view.backends.adapter.world import TorchWorld
from distributional_view.backends.embedded.animals import load_animals
from distributional_view.backends.embedded.parts import WEIGHTS, Part
from distributional_view.backends.embedded.store import weights_path
from distributional_view.backends.embedded.train import CHUNK
from distributional_view.backends.embedded.world import feature_score, prior_world
from distributional_view.backends.fit import Plan
from distributional_view.backends.options import SamplerOptions
from distributional_view.backends.potential import store
from distributional_view.backends.potential.learned import LearnedPotential
from distributional_view.backends.potential.pictures import together
from distributional_view.backends.potential.train import PLAN, learn
from distributional_view.backends.potential.world import LearnedWorld, with_potential
from distributional_view.fingerprints import Hashes
from distributional_view.theory.errors import require
from distributional_view.theory.progress import Progress, silent

World = TypeVar("World", bound=TorchWorld)
_READ: tuple[Part, ...] = ("classifier", "transcoder")


@torch.no_grad()
def scores_of(images: Float[Tensor, "n 1 32 32"], features: Sequence[int]) -> Float[Tensor, "n features"]:
    """The usual score of several features on pictures, the classifier run once."""
    first = feature_score(features[0])
    score = together([replace(first, feature=feature) for feature in features])
    return torch.cat([score(part) for part in images.split(CHUNK)])


def learned_potential(
    features: Sequence[int], folder: Path | None = None, plan: Plan = PLAN, progress: Progress = silent
) -> LearnedPotential:
    """H_t of these features, learned from the training pictures and their mirror images.

    Args:
        features: of the transcoder, at least one.
        folder: where it is kept: taken from there if it is of the same request, else learned and saved there, going on
            from a checkpoint; None keeps nothing.
        plan: of the training.
        progress: told of each step.

    Raises:
        UserError: if the folder holds another one, or a damaged one.
        ValueError: for a feature that does not exist.
        MissingWeights, MissingData: if a part is not there; says how to get it.
    """
    require(len(features) >= 1, "features", tuple(features), "at least one")
    hashes = {part: Hashes().of(weights_path(part, WEIGHTS)) for part in _READ}
    request: dict[str, object] = {"features": list(features), "plan": asdict(plan), "inputs": hashes}
    if folder is not None and store.saved(folder):
        return store.of_request(store.load(folder), folder, request)
    images = load_animals()[0].images
    images = torch.cat([images, images.flip(-1)])
    names = tuple(map(str, features))
    checkpoint = None if folder is None else folder / "potential.checkpoint"
    inputs = hashes | {"features": ",".join(names)}
    learned = learn(images, scores_of(images, features), names, plan, checkpoint, progress, inputs=inputs)
    learned.record["request"] = request
    if folder is not None:
        store.save(learned, folder)
    return learned


def unseen(world: World) -> World:
    """The same world, but `sample_prior` draws test pictures without replacement.

    Its `sample_prior` raises ValueError for more than there are.
    """
    test = load_animals()[1].images

    def draw(seed: int, n: int) -> Tensor:
        require(n <= len(test), "n", n, f"<= {len(test)}, the test pictures")
        return test[torch.randperm(len(test), generator=torch.Generator().manual_seed(seed))[:n]].to(world.device)

    return replace(world, prior=draw)


def learned_worlds(
    features: Sequence[int],
    options: SamplerOptions,
    folder: Path | None = None,
    plan: Plan = PLAN,
    progress: Progress = silent,
) -> dict[int, LearnedWorld]:
    """The embedded worlds of several features, each with its learned H_t, by feature.

    Args:
        features: of the transcoder, at least one.
        options: how the networks are run.
        folder, plan, progress: see `learned_potential`.

    Raises:
        UserError, ValueError: see `learned_potential`.
    """
    learned = learned_potential(features, folder, plan, progress)
    psi = feature_score(features[0], device=options.device)
    first = prior_world(psi, options)
    worlds = (replace(first, psi=replace(psi, feature=feature)) for feature in features)
    return {
        feature: unseen(with_potential(world, learned, column))
        for column, (feature, world) in enumerate(zip(features, worlds, strict=True))
    }
