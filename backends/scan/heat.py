"""Where a feature is active on a few pictures of a store: the model of the scan, run again on them alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float32

from distributional_view.backends.scan.build import build
from distributional_view.backends.scan.decoding import Decoding, read
from distributional_view.backends.scan.manifest import Picture
from distributional_view.backends.scan.recipe import Recipe
from distributional_view.backends.scan.scorer import Scorer
from distributional_view.errors import UserError
from distributional_view.files import shown
from distributional_view.jobs import differences

BATCH = 32


@dataclass(frozen=True, eq=False)
class HeatMaps:
    """The maps of features on pictures.

    Args:
        scorer: the networks.
        decoding: how pictures are read.
    """

    scorer: Scorer
    decoding: Decoding

    @torch.inference_mode()
    def __call__(self, feature: int, paths: Sequence[str]) -> list[Float32[np.ndarray, "h w"] | None]:
        """The whole map of a feature's codes on each picture; None for one that cannot be read.

        Args:
            feature: its number.
            paths: of the pictures, as a store has them.
        """
        found = [read(self.decoding, Picture(i, path, None)).pixels for i, path in enumerate(paths)]
        there = [(i, pixels) for i, pixels in enumerate(found) if pixels is not None]
        maps: list[np.ndarray | None] = [None] * len(found)
        for first in range(0, len(there), BATCH):
            some = there[first : first + BATCH]
            codes = self.scorer.codes(torch.from_numpy(np.stack([pixels for _, pixels in some])))
            for (i, _), one in zip(some, codes[:, feature].float().cpu().numpy(), strict=True):
                maps[i] = one
        return maps


def heat_maps(
    store: Any,
    backbone: Path | None = None,
    module: str | None = None,
    transcoder: Path | None = None,
    device: str = "cpu",
) -> HeatMaps:
    """The model that scanned a store.

    Args:
        store: a `backends.store.read.Store`, which knows hook, tokens, size and whether the model was the embedded one.
        backbone: where its weights are.
        module: in place of it, the user's own.
        transcoder: where the dictionary is.
        device: where the networks are.

    Raises:
        UserError: for weights that are missing, or others than those of the scan.
    """
    identity = store.identity
    made = identity.made_of
    cut, kind = made["backbone"], made["dictionary"]["kind"]
    recipe = Recipe(
        backbone,
        module,
        cut["kind"] == "embedded",
        transcoder,
        kind == "neurons",
        cut["hook"],
        cut.get("tokens", "patch"),
        cut.get("prefix_tokens", 0),
        cut.get("normalise", "imagenet"),
        identity.reductions,
        made["share"],
        identity.size,
        device,
        made["precision"],
    )
    built = build(recipe)
    differing = differences(dict(made), dict(built.made_of))
    if differing:
        raise UserError(
            f"{shown(store.path)} was made by another model, which differs in {', '.join(sorted(differing))}: "
            "heat maps need the weights of the scan"
        )
    return HeatMaps(built.scorer, Decoding(identity.size, built.scorer.grey, BATCH, 1, store.path))
