"""What a scan computes, as plain values that another process can be given; needs no torch."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from distributional_view.choices import Precision, ReductionName
from distributional_view.errors import UserError

Tokens = Literal["patch", "class", "register"]
"""Which tokens of a transformer are positions of the map."""
Normalise = Literal["imagenet", "none"]
"""What happens to pictures in [-1, 1]: [0, 1] and ImageNet's mean and deviation, or nothing."""


@dataclass(frozen=True)
class Recipe:
    """Backbone, dictionary and reductions.

    Args:
        backbone: DINOv3 weights: a ConvNeXt, or the transformers folder of a ViT.
        module: in place of it a `torch.nn.Module`, as package.module:factory.
        embedded: in place of both, the backend that comes with the project.
        transcoder: published folder, SAELens folder, or safetensors file of a linear encoder.
        neurons: in place of it the channels themselves.
        hook: where the backbone is cut; None: as the dictionary says.
        tokens: of a transformer.
        prefix_tokens: tokens before the patches in what a `module` gives as (n, tokens, channels).
        normalise: pictures for a `module`.
        reductions: names of the score columns.
        share: of each side of the map that counts; None: 0.5, embedded 1.
        size: side of the pictures, pixels; None: 256, embedded 32.
        device: where the networks are.
        precision: inside them.
    """

    backbone: Path | None = None
    module: str | None = None
    embedded: bool = False
    transcoder: Path | None = None
    neurons: bool = False
    hook: str | None = None
    tokens: Tokens = "patch"
    prefix_tokens: int = 0
    normalise: Normalise = "imagenet"
    reductions: Sequence[ReductionName] = ("mix",)
    share: float | None = None
    size: int | None = None
    device: str = "cpu"
    precision: Precision = "float32"

    def __post_init__(self) -> None:
        kinds = {"--backbone": self.backbone is not None, "--module": self.module is not None}
        given = [name for name, there in {**kinds, "--embedded": self.embedded}.items() if there]
        if len(given) != 1:
            raise UserError(
                f"backbone = {' and '.join(given) or None}: must be one of --backbone, --module, --embedded"
            )
        if self.neurons and self.transcoder is not None:
            raise UserError("transcoder: must be left out beside --neurons, whose features are the channels themselves")
        if not (self.neurons or self.embedded or self.transcoder is not None):
            raise UserError("transcoder = None: must be a folder or a file, or --neurons in its place")
        if self.share is not None and not 0 < self.share <= 1:
            raise UserError(f"share = {self.share!r}: must be in (0, 1]")
        if not self.reductions or len(set(self.reductions)) < len(self.reductions):
            raise UserError(f"reduction = {tuple(self.reductions)}: must be at least one, each once")

    @property
    def side(self) -> int:
        """Of the pictures, pixels."""
        return self.size or (32 if self.embedded else 256)

    @property
    def counted(self) -> float:
        """Share of each side of the map that counts."""
        return self.share or (1.0 if self.embedded else 0.5)
