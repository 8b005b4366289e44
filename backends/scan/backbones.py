"""The backbones of a scan: pictures to activations (n, c, h, w), with what tells one from another.

- DINOv3 ConvNeXt: the loader of `zoo.dinov3`; hook 2.20 is the input of block 20 of stage 2.
- DINOv3 ViT: `zoo.dinov3_vit`; hook 11 is the input of block 11.
- The embedded backend's classifier, whose pictures are grey.
- A module of the user: `scan.module`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from distributional_view.backends.adapter.feature import imagenet_normalise
from distributional_view.backends.explain.sources import parse_hook
from distributional_view.backends.scan.recipe import Recipe
from distributional_view.errors import UserError
from distributional_view.fingerprints import Hashes


@dataclass(frozen=True, eq=False)
class Cut:
    """A backbone that ends at its hook.

    Args:
        network: preprocessed pictures to activations.
        preprocess: pictures in [-1, 1] to what it wants.
        made_of: what decides its activations, as JSON can hold it.
        grey: whether it takes one channel.
    """

    network: Callable[[Tensor], Tensor]
    preprocess: Callable[[Tensor], Tensor]
    made_of: Mapping[str, Any]
    grey: bool = False


def cut_backbone(recipe: Recipe, hook: str, hashes: Hashes) -> Cut:
    """The backbone of a recipe.

    Args:
        recipe: says which.
        hook: the recipe's, or the dictionary's; empty if neither has one.
        hashes: of files.

    Raises:
        MissingWeights, WrongWeights: see the loaders.
        UserError: for a hook that is missing or is none.
    """
    if recipe.embedded:
        return _embedded(recipe, hook, hashes)
    if recipe.module is not None:
        from distributional_view.backends.scan.module import load_module

        found = load_module(recipe.module, hook, recipe.prefix_tokens, recipe.tokens, recipe.device)
        made_of: dict[str, Any] = {
            "kind": "module",
            "hook": hook,
            "weights": found.digest,
            "normalise": recipe.normalise,
        }
        made_of |= {"tokens": recipe.tokens, "prefix_tokens": recipe.prefix_tokens}
        return Cut(found, imagenet_normalise if recipe.normalise == "imagenet" else unchanged, made_of)
    assert recipe.backbone is not None
    from distributional_view.backends.zoo.dinov3_vit import is_vit, load_vit

    if is_vit(recipe.backbone):
        vit = load_vit(recipe.backbone, _block(hook), recipe.tokens, recipe.device)
        weights = hashes.of(recipe.backbone / "model.safetensors")
        made_of = {"kind": "DINOv3 ViT", "hook": str(vit.block), "weights": weights, "tokens": recipe.tokens}
        return Cut(vit, imagenet_normalise, made_of)
    return _convnext(recipe, hook, hashes)


def unchanged(x: Tensor) -> Tensor:
    """Pictures in [-1, 1] as they are."""
    return x


def _convnext(recipe: Recipe, hook: str, hashes: Hashes) -> Cut:
    from distributional_view.backends.zoo.dinov3 import load_backbone, weight_file

    assert recipe.backbone is not None
    try:
        place = parse_hook(hook)
    except ValueError as error:
        raise UserError(f"{error} (--hook)") from None
    network = load_backbone(recipe.backbone, place, device=recipe.device)
    weights = hashes.of(weight_file(recipe.backbone))
    made_of = {"kind": "DINOv3 ConvNeXt", "hook": network.hook_name, "weights": weights}
    return Cut(network, imagenet_normalise, made_of)


def _embedded(recipe: Recipe, hook: str, hashes: Hashes) -> Cut:
    from distributional_view.backends.embedded.convnext import Hook
    from distributional_view.backends.embedded.store import load_classifier, weights_path

    try:
        place = Hook(*parse_hook(hook))
    except ValueError as error:
        raise UserError(f"{error} (--hook)") from None
    classifier = load_classifier().to(recipe.device)
    classifier.check_hook(place)
    made_of = {"kind": "embedded", "hook": ".".join(map(str, place)), "weights": hashes.of(weights_path("classifier"))}
    return Cut(classifier.backbone(place), unchanged, made_of, grey=True)


def _block(hook: str) -> int:
    """The block of a ViT from a hook such as "11", "layer.11" or "blocks.11"."""
    number = hook.rpartition(".")[2]
    if not (number.isdecimal() and number.isascii()):
        raise UserError(f"hook = {hook!r}: must be a block of the ViT, such as 11 or layer.11 (--hook)")
    return int(number)
