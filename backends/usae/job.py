"""The job behind `dview universal`: both embedded backbones, a shared dictionary, and what its codes are."""

from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from distributional_view.backends.embedded.animals import load_animals
from distributional_view.backends.embedded.parts import WEIGHTS
from distributional_view.backends.embedded.store import load_classifier
from distributional_view.backends.fit import Plan
from distributional_view.backends.usae.dictionary import Backbone, standard_of
from distributional_view.backends.usae.measures import Universality, universality
from distributional_view.backends.usae.second import SECOND, hooked, second_classifier
from distributional_view.backends.usae.train import UniversalSettings, train_universal
from distributional_view.jobs import opened
from distributional_view.theory.progress import Progress, silent

STATE, CHECKPOINT = "dictionary.pt", "second.checkpoint"
MADE = (STATE, CHECKPOINT, "universal.json", "universal.png")
"""Files of a job."""


class Shared(NamedTuple):
    """What was found on the test pictures.

    Args:
        measured: see `Universality`.
        codes: the most universal first, of those alive under both.
        top: for each of these codes and backbones, the places of the test pictures with the largest codes.
        maps: the codes' maps on them.
    """

    measured: Universality
    codes: Int[Tensor, " k"]
    top: Int[Tensor, "k m n"]
    maps: Float[Tensor, "k m n h w"]


def universal(
    out: Path, settings: UniversalSettings, codes: int, shown: int, second: Plan = SECOND, progress: Progress = silent
) -> Shared:
    """Train in a folder, or go on there, and measure.

    Args:
        out: the job's folder.
        settings: of the dictionary.
        codes: how many to show.
        shown: pictures of each.
        second: how the second backbone is trained.
        progress: called as the work goes on.

    Raises:
        UserError: if the folder is another job's, or damaged.
        MissingData, MissingWeights: if pictures or the stored classifier are not there.
    """
    training, test = load_animals()
    identity = {"universal": asdict(settings), "second": asdict(second)}
    with opened(out, identity, {"classifier": WEIGHTS / "classifier.safetensors"}, MADE) as job:
        networks = [load_classifier(), second_classifier(second, out / CHECKPOINT, progress)]
        backbones = [hooked(network) for network in networks]
        standards = [standard_of(_of(backbone, training.images)) for backbone in backbones]
        both = [s(_of(b, training.images)) for s, b in zip(standards, backbones, strict=True)]
        dictionary = train_universal(both, settings, out / STATE, progress, job.token)
        held_out = [s(_of(b, test.images)) for s, b in zip(standards, backbones, strict=True)]
        measured = universality(dictionary, held_out)
        ranked = torch.where(measured.alive, measured.co_firing, -1.0).argsort(descending=True)
        chosen = ranked[: min(codes, int(measured.alive.sum()))]
        with torch.no_grad():
            z = [dictionary.encode(i, x)[:, chosen] for i, x in enumerate(held_out)]
        top = torch.stack([m.amax((2, 3)).topk(shown, dim=0).indices.T for m in z], dim=1)
        maps = [torch.stack([m[places, k] for k, places in enumerate(top[:, i])]) for i, m in enumerate(z)]
        return Shared(measured, chosen, top, torch.stack(maps, dim=1))


@torch.no_grad()
def _of(backbone: Backbone, images: Tensor) -> Tensor:
    return torch.cat([backbone(part) for part in images.split(500)])
