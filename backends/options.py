"""Options of the commands as typed objects; needs no torch."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

from distributional_view.choices import OnBadPicture, Precision, ReductionName, Solver, Spacing

Options = TypeVar("Options")


def chosen(kind: type[Options], options: Mapping[str, Any]) -> Options:
    """The dataclass `kind` from those of a command's options that have the names of its fields.

    Fields that the command has no option for keep their defaults.
    """
    names = {field.name for field in fields(kind)}  # type: ignore[arg-type]
    return kind(**{name: value for name, value in options.items() if name in names})


@dataclass(frozen=True)
class ScoreOptions:
    """The activation of one feature as a score.

    Args:
        feature: its index.
        reduction: from its map to a number.
        share: of each side of the map that counts, in (0, 1]; None: as usual for the backend.
        gated: codes (True) or pre-activations (False); None: as usual for the backend.
    """

    feature: int
    reduction: ReductionName = "mix"
    share: float | None = None
    gated: bool | None = None


@dataclass(frozen=True)
class SamplerOptions:
    """How the networks are run.

    Args:
        steps: reverse steps of the prior; None: as usual for the backend.
        device: where everything is computed.
        precision: inside the networks.
        batch: most pictures in one pass; None: all at once.
        recompute: gradient checkpointing of the prior: less memory, more time.
        solver: of the reverse steps, of first or of second order.
        spacing: where the noise levels of the steps lie.
    """

    steps: int | None = None
    device: str = "cpu"
    precision: Precision = "float32"
    batch: int | None = None
    recompute: bool = False
    solver: Solver = "2M-SDE"
    spacing: Spacing = "log-SNR"


@dataclass(frozen=True)
class LocalPaths:
    """What a local backend is made of.

    Args:
        backbone: DINOv3 ConvNeXt weights.
        transcoder: folder in the published format.
        prior: ADM checkpoint or folder of diffusers; samplers need it.
        images: folder of images; retrievals need it.
        hook: stage and block, such as "2.20"; None: as the transcoder says.
        size: side of the images, pixels.
        on_bad_picture: what happens when one cannot be read.
        label: class of a class-conditional prior, by number or name, or prompt of one that takes prompts; None: none.
    """

    backbone: Path | None = None
    transcoder: Path | None = None
    prior: Path | None = None
    images: Path | None = None
    hook: str | None = None
    size: int = 256
    on_bad_picture: OnBadPicture = "skip"
    label: str | None = None
