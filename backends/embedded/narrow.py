"""Another prior for the embedded world: its own, trained further on a few classes, or a folder of diffusers.

A prior of a folder may draw pictures of any size and in colour: what the classifier sees of them, and what is shown
and measured, is their grey mean at 32 pixels.

Paper: Table 9. There a prior of faces stands in the place of one of everything.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from jaxtyping import Float
from torch import Tensor

from distributional_view.backends.adapter.feature import FeatureScore
from distributional_view.backends.adapter.world import TorchWorld
from distributional_view.backends.embedded.animals import CLASSES, SIZE, of_classes
from distributional_view.backends.embedded.paradigm_ground import WorldOf, own_prior
from distributional_view.backends.embedded.prior_pool import CHUNK
from distributional_view.backends.embedded.store import (
    WEIGHTS,
    load_prior,
    refuse_others,
    sizes_of,
    weights_path,
)
from distributional_view.backends.embedded.train import read_by, train_unet
from distributional_view.backends.embedded.world import pictures
from distributional_view.backends.fit import Plan
from distributional_view.backends.options import SamplerOptions
from distributional_view.backends.priors.prior import resized
from distributional_view.theory.progress import Progress, silent
from distributional_view.theory.samplers.schedule import Spacing

PLAN = Plan(steps=300, batch=64, learning_rate=1e-3, seed=5, decay=0.98, warmup=20, save_every=50)
"""Of the further training."""


def narrowed(folder: Path, classes: Sequence[str], steps: int, progress: Progress = silent) -> Path:
    """The folder of the world's prior, trained further on pictures of some classes; trained if it is not there.

    Raises:
        ValueError: for a class that does not exist.
        UserError: if the folder has a prior of another training.
    """
    of_classes(pictures(), classes)  # refuses what is no class before anything is written
    plan = replace(PLAN, steps=steps)
    inputs = read_by("prior", WEIGHTS) | {"classes": ",".join(classes)}
    refuse_others("prior", folder, asdict(plan) | {"inputs": inputs})
    if not weights_path("prior", folder).exists():
        folder.mkdir(parents=True, exist_ok=True)
        train_unet("prior", sizes_of("prior"), plan, folder, progress, WEIGHTS, classes)
    return folder


@dataclass(frozen=True)
class Candidate:
    """A prior.

    Args:
        name: what rows call it.
        world_of: its world with a score, steps and their spacing.
        files: what it was read from.
    """

    name: str
    world_of: WorldOf
    files: dict[str, Path]


def wide() -> Candidate:
    """The world's own prior."""
    return Candidate("all classes", own_prior, {"prior": weights_path("prior")})


def narrow(folder: Path, classes: Sequence[str]) -> Candidate:
    """The prior in a folder of `narrowed`."""
    network = load_prior(folder)

    def world_of(psi: FeatureScore, steps: int, spacing: Spacing) -> TorchWorld:
        return replace(own_prior(psi, steps, spacing), denoiser=network)

    name = ", ".join(classes) if len(classes) < len(CLASSES) else "all classes again"
    return Candidate(f"only {name}", world_of, {"prior": weights_path("prior", folder)})


def of_folder(folder: Path) -> Candidate:
    """A prior of diffusers, from local files.

    Raises:
        MissingWeights, WrongWeights, UnknownPrior: see `priors.load`.
    """
    from distributional_view.backends.priors.load import load_prior as load

    prior = load(folder, SIZE)

    def world_of(psi: FeatureScore, steps: int, spacing: Spacing) -> TorchWorld:
        return prior.world(lambda seen: psi(grey(seen)), SamplerOptions(steps, batch=CHUNK, spacing=spacing))

    return Candidate(folder.name, world_of, dict(prior.files))


def as_seen(world: TorchWorld, points: Tensor) -> Float[Tensor, "n 1 32 32"]:
    """What the classifier sees of a world's points."""
    return grey(world.pictures(points))


def grey(seen: Float[Tensor, "n c h w"]) -> Float[Tensor, "n 1 32 32"]:
    """The mean over colours, at the classifier's size; its own pictures stay as they are."""
    return resized(seen.mean(1, keepdim=True), SIZE)
