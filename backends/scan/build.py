"""From a recipe to its networks: the scorer, and what tells its store from others."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch

from distributional_view.backends.adapter.passes import ModelFailed, autocast_of
from distributional_view.backends.jobs import usable
from distributional_view.backends.scan.backbones import cut_backbone
from distributional_view.backends.scan.dictionaries import Dictionary, check_fit, load_dictionary
from distributional_view.backends.scan.recipe import Recipe
from distributional_view.backends.scan.scorer import Scorer
from distributional_view.errors import UserError
from distributional_view.fingerprints import Hashes

LARGEST = np.iinfo(np.int16).max
"""Rows and columns of a map that a store has room for."""


class Built(NamedTuple):
    """The networks, what decides their scores besides reductions and size, and the size of a feature's map.

    `made_of` is as JSON can hold it, `map` is (rows, columns).
    """

    scorer: Scorer
    made_of: Mapping[str, Any]
    map: tuple[int, int]


def build(recipe: Recipe, hashes: Hashes | None = None) -> Built:
    """The networks of a recipe, tried on one black picture.

    Raises:
        UserError: if something is missing, damaged, does not fit, or the pictures are too small.
    """
    usable(recipe.device)
    known = hashes or Hashes()
    dictionary = load_dictionary(recipe, known)
    cut = cut_backbone(recipe, recipe.hook or dictionary.hook, known)
    shape = _tried(recipe, cut.network, cut.preprocess, 1 if cut.grey else 3)
    features = check_fit(dictionary, shape[1])
    rows, columns = _map(dictionary, shape, recipe.device)
    scorer = Scorer(
        cut.network,
        dictionary.encode,
        cut.preprocess,
        features,
        tuple(recipe.reductions),
        recipe.counted,
        cut.grey,
        recipe.device,
        autocast_of(recipe.precision),
    )
    made_of = {"backbone": dict(cut.made_of), "dictionary": dict(dictionary.made_of), "share": recipe.counted}
    return Built(scorer, made_of | {"gated": True, "precision": recipe.precision}, (rows, columns))


@torch.inference_mode()
def _map(dictionary: Dictionary, shape: Sequence[int], device: str) -> tuple[int, int]:
    """Rows and columns of the codes of activations of this shape."""
    *_, rows, columns = dictionary.encode(torch.zeros(1, *shape[1:], device=device)).shape
    return int(rows), int(columns)


@torch.inference_mode()
def _tried(recipe: Recipe, network: Any, preprocess: Any, channels: int) -> tuple[int, ...]:
    """The shape of the activations of one picture."""
    x = torch.full((1, channels, recipe.side, recipe.side), -1.0, device=recipe.device)
    try:
        shape = tuple(network(preprocess(x)).shape)
    except UserError:
        raise
    except (RuntimeError, ValueError, ModelFailed) as error:
        raise UserError(f"the backbone fails on pictures of size {recipe.side}: {error} (--size)") from error
    if not (len(shape) == 4 and max(shape[2:]) <= LARGEST):
        raise UserError(
            f"activations at the hook = {shape}: must be (n, channels, height, width), at most {LARGEST} a side"
        )
    return shape
