"""KID and a perceptual distance as guidance grows, on weights and pictures that the user has.

What is shown: `figures.strength_pictures`; what is run: `backends.paradigms.local_strength`. torch is needed.

dview strength --backbone FILE --transcoder FOLDER --images FOLDER --prior PRIOR --feature N [--out results]
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

from rich.console import Console

from distributional_view.errors import UserError
from distributional_view.figures.own import request_of
from distributional_view.figures.strength_pictures import PictureStrength
from distributional_view.theory.progress import Progress

SIZES = {"factors": "factors", "n": "n", "seeds": "seeds", "steps": "steps", "samples": "pool"}
"""Options that change a size of the budget, and the sizes."""


@dataclass(frozen=True)
class OwnStrength(PictureStrength):
    """The same on weights of one's own, with what they are.

    Args:
        made_of: score, sizes and pictures.
        features: of KID, in words.
    """

    name: ClassVar[str] = "strength-own"
    made_of: Mapping[str, Any]
    features: str

    @property
    def kid_on(self) -> str:
        """Of the backbone, or Inception."""
        return self.features

    def numbers(self) -> dict[str, Any]:
        """With the origin of everything."""
        return {**super().numbers(), "kid_on": self.features, "made_of": dict(self.made_of)}


def compute(
    out: Path, feature: int, seed: int, quick: bool, options: Mapping[str, Any], console: Console, progress: Progress
) -> OwnStrength:
    """Run the cells or go on with them; the job lies in a folder of `out`, and so do the prior's samples.

    Args:
        out: folder of the results.
        feature: of the transcoder.
        seed: of everything random.
        quick: few pictures, steps and strengths.
        options: of the command, by name.
        console: where is told what the user should know.
        progress: called on the way.

    Raises:
        ImportError: without torch.
        UserError: for a path that is missing, sizes out of range, too few pictures, or a feature that is the same on
            all of them.
        ValueError: for a feature that does not exist.
        OtherRequest: if a folder belongs to something else.
    """
    from distributional_view.backends.paradigms.local_strength import LARGE, QUICK_LARGE, LocalExperiment
    from distributional_view.figures.own import SAMPLES, told

    sizes = {size: options[name] for name, size in SIZES.items() if options[name] is not None}
    try:
        budget = replace(QUICK_LARGE if quick else LARGE, **sizes)
    except ValueError as error:
        raise UserError(str(error)) from error
    job = out / f"strength-own-{feature}-job{'-quick' if quick else ''}"
    experiment = LocalExperiment(job, out / SAMPLES, request_of((feature,), options), budget, seed, progress)
    told(experiment.model.said, console)
    strengths, made_of, features = experiment.run()
    return OwnStrength(
        feature,
        f"feature {feature}",
        strengths.rows,
        strengths.solutions,
        strengths.independent,
        budget,
        seed,
        made_of,
        features,
    )
