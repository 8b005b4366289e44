"""What the transcoder's features respond to: the pictures of highest score, their classes, and where in them.

The score of a picture is the mix reduction of the feature's map over all positions, psi = 0.7 max + 0.3 mean (codes are
nonnegative). A feature is *live* if some picture has a positive score.

`features.json` names some features. A person chose the names by looking at the sheets that this module draws; the class
is the commonest among the `TOP` pictures of highest score and is recomputed by a test.

Paper: Appendix J.2 (213). Without its centre crop: the animals fill the frame.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Float, Int, UInt8
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from distributional_view.backends.adapter.feature import Mix, all_scores
from distributional_view.backends.embedded.animals import CLASSES
from distributional_view.backends.embedded.convnext import ConvNeXt, Hook
from distributional_view.backends.transcoders.transcoder import Transcoder
from distributional_view.errors import UserError
from distributional_view.files import write_whole

TOP = 100
NAMES = Path(__file__).parent / "features.json"
CHUNK = 250


@dataclass(frozen=True)
class Named:
    """A feature with a name that a person gave it.

    Args:
        index: of the feature.
        name: short.
        responds_to: what the pictures of highest score have in common.
        dominant: the commonest class among them.
        share: of that class among the `TOP` pictures of highest score.
    """

    index: int
    name: str
    responds_to: str
    dominant: str
    share: float


def chosen_features(indices: Sequence[int], first: int) -> list[Named]:
    """Named features, each once.

    Args:
        indices: of the features; none for the first ones with a name.
        first: how many of these.

    Raises:
        UserError: for a feature without a name.
    """
    named = {feature.index: feature for feature in read_named()}
    for index in indices:
        if index not in named:
            raise UserError(f"features = {index}: must be among those with a name: {', '.join(map(str, named))}")
    return [named[index] for index in dict.fromkeys(indices)] or list(named.values())[:first]


@dataclass(frozen=True)
class Summary:
    """One feature over a set of pictures.

    Args:
        index: of the feature.
        live: share of the pictures with a positive score.
        quantiles: of the score at 50, 90, 95, 99 and 100 %.
        classes: how many of the `TOP` pictures of highest score belong to each class; pictures of score zero are not
            counted.
    """

    index: int
    live: float
    quantiles: tuple[float, ...]
    classes: tuple[int, ...]

    @property
    def dominant(self) -> str:
        """The commonest class among the pictures of highest score."""
        return CLASSES[max(range(len(CLASSES)), key=self.classes.__getitem__)]

    @property
    def share(self) -> float:
        """Of the dominant class."""
        return max(self.classes) / sum(self.classes)


def every_activation(
    classifier: ConvNeXt, transcoder: Transcoder, hook: Hook, images: Float[Tensor, "n c h w"]
) -> Float[Tensor, "n k"]:
    """The score of every feature for every picture."""
    return all_scores(classifier.backbone(hook), transcoder, images, Mix(), lambda x: x, 1.0, CHUNK)


def summarise(scores: Float[Tensor, "n k"], labels: Int[Tensor, " n"]) -> list[Summary]:
    """One `Summary` for each live feature, those with the purest classes first."""
    levels = torch.tensor([0.5, 0.9, 0.95, 0.99, 1.0])
    found = []
    positive = (scores > 0).sum(0)
    for index in positive.nonzero()[:, 0].tolist():
        column = scores[:, index]
        top = labels[column.topk(min(TOP, int(positive[index]))).indices]
        classes = tuple(torch.bincount(top, minlength=len(CLASSES)).tolist())
        quantiles = tuple(round(v, 4) for v in column.quantile(levels).tolist())
        found.append(Summary(index, (column > 0).double().mean().item(), quantiles, classes))
    return sorted(found, key=lambda s: -s.share)


def montage(
    images: Float[Tensor, "n 1 h w"], maps: Float[Tensor, "n k l"], columns: int
) -> UInt8[Tensor, "rows width 3"]:
    """Pictures in a grid, tinted red where the map is large (relative to the largest value in any of them)."""
    n, _, height, width = images.shape
    grey = (images[:, 0].clamp(-1, 1) + 1) / 2
    heat = F.interpolate(maps[:, None], (height, width), mode="bilinear")[:, 0]
    heat = heat / heat.amax().clamp_min(1e-12)
    dimmed = grey * (1 - 0.8 * heat)
    colour = torch.stack([torch.maximum(grey * 0.85, heat), dimmed, dimmed], dim=-1)
    framed = F.pad(colour, (0, 0, 0, 1, 0, 1), value=0.3)
    blank = framed.new_zeros((-n % columns, *framed.shape[1:]))
    grid = torch.cat([framed, blank]).unflatten(0, (-1, columns))
    return (grid.permute(0, 2, 1, 3, 4).flatten(2, 3).flatten(0, 1) * 255).round().to(torch.uint8)


@torch.no_grad()
def top_montage(
    classifier: ConvNeXt,
    transcoder: Transcoder,
    hook: Hook,
    images: Float[Tensor, "n c h w"],
    scores: Float[Tensor, " n"],
    feature: int,
    shown: int = 9,
    columns: int = 3,
) -> UInt8[Tensor, "rows width 3"]:
    """The pictures of highest score, tinted where the feature is active."""
    top = images[scores.topk(shown).indices]
    maps = transcoder.feature_map(classifier.features(top, hook), feature)
    return montage(top, maps, columns)


def read_named(path: Path = NAMES) -> list[Named]:
    """The features that have a name."""
    return [Named(**entry) for entry in json.loads(path.read_text())]


def write_summaries(summaries: Sequence[Summary], path: Path) -> None:
    """Write summaries as JSON."""
    entries = [vars(s) | {"dominant": s.dominant, "share": s.share} for s in summaries]
    write_whole(path, json.dumps(entries, indent=1) + "\n")
