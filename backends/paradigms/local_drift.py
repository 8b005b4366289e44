"""What object drift needs of weights and pictures that the user has: scores of two features, and likeness features.

The pictures are those of the folder, all of them, or unguided samples of a prior. What is seen of them is kept as it
comes, in a folder that is bound to weights, pictures and score; another feature or reference adds to it.

Paper: Figures 2, 10, 11, Appendix L.5.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float
from torch import Tensor

from distributional_view.backends.jobs import usable
from distributional_view.backends.paradigms.kept import LARGEST
from distributional_view.backends.paradigms.local_measures import local_eyes
from distributional_view.backends.paradigms.local_model import LocalRequest, Purpose, local_model
from distributional_view.backends.paradigms.local_seen import (
    NUMBERS,
    Seen,
    prior_samples,
    require_various,
    seen_folder,
    seen_samples,
)
from distributional_view.backends.priors.prior import resized
from distributional_view.backends.zoo.images import read_image
from distributional_view.errors import UserError
from distributional_view.jobs import opened
from distributional_view.theory.progress import Progress

PURPOSE = Purpose("drift", False, "fewer have no errors")


class SampleSizes(NamedTuple):
    """Unguided samples of the prior that stand in place of the pictures: how many, and in how many reverse steps."""

    n: int
    steps: int


class Drifting(NamedTuple):
    """Scored pictures.

    Args:
        scores: of the feature.
        other: of the other feature; None where there is none.
        features: the backbone's pooled features; None without a reference.
        reference: those of the reference, and its pixels; None without one.
        data: scores of the pictures of the folder, whose quantile the level is.
        seen: takes pictures by their places.
        made_of: everything that decided the numbers.
    """

    scores: Float[np.ndarray, " n"]
    other: Float[np.ndarray, " n"] | None
    features: Float[np.ndarray, "n d"] | None
    reference: tuple[Float[np.ndarray, " d"], Float[np.ndarray, "h w 3"]] | None
    data: Float[np.ndarray, " m"]
    seen: Seen
    made_of: dict[str, Any]

    def pixels(self, places: Sequence[int]) -> Float[np.ndarray, "k h w 3"]:
        """Some of the pictures, in [-1, 1]; larger ones are made smaller."""
        return _pixels(self.seen.take(np.array(places)))


class LocalDrift:
    """One feature.

    Args:
        out: folder of the numbers.
        keep: folder in which the prior's samples have a folder, for other features and `strength` too.
        request: what there is, with one feature.
        other: another feature, whose activation is demanded; None for none.
        reference: file of a picture, to which likeness is demanded; None for none.
        samples: of the prior, in place of the pictures of the folder; None: these.
        seed: of the choice of pictures, and of the samples.
        progress: in pictures.

    Raises:
        UserError, ValueError: see `local_model`, before anything but the list of readable pictures is written; for
            another feature that does not exist, or a reference that cannot be read.
    """

    def __init__(
        self,
        out: Path,
        keep: Path,
        request: LocalRequest,
        other: int | None,
        reference: Path | None,
        samples: SampleSizes | None,
        seed: int,
        progress: Progress,
    ) -> None:
        usable(request.sampler.device)
        self.out, self.other, self.samples, self.seed, self.progress = out, other, samples, seed, progress
        (self.feature,) = request.features
        self.picture = None if reference is None else read_image(reference, request.paths.size)[None]
        self.model = local_model(request, out / ".pictures.json", seed, progress, PURPOSE)
        d_sae = self.model.psi.transcoder.spec.d_sae
        if other is not None and not 0 <= other < d_sae:
            raise UserError(f"other = {other}: must be in [0, {d_sae}), the transcoder's features")
        self.prior = None
        if samples is not None:
            self.prior = prior_samples(self.model, self.feature, keep, samples.n, samples.steps, seed, progress)

    def run(self) -> Drifting:
        """All numbers; what the folder has already is read.

        Raises:
            OtherRequest: if the folder belongs to something else.
            UserError: for a feature that is the same on all pictures; if a file of the folder is damaged or cannot be
                written.
        """
        made_of = {
            **self.model.made_of,
            "samples": None if self.samples is None else {**self.samples._asdict(), "seed": self.seed},
        }
        features = (self.feature, *(() if self.other is None else (self.other,)))
        eyes = None if self.picture is None else local_eyes(self.model)
        see = None if eyes is None else eyes.see
        with opened(self.out, {"made_of": made_of}, self.model.contents, NUMBERS) as job:
            if self.prior is None:
                seen = seen_folder(self.model, features, see, job, self.progress)
                data = seen.scores[:, 0]
            else:
                data = seen_folder(self.model, features[:1], None, job, self.progress).scores[:, 0]
                require_various(data, "feature", self.feature, "of --images")
                seen = seen_samples(self.prior, features, see, job)
        what = "of --images" if self.prior is None else "samples of the prior"
        for name, feature, column in zip(("feature", "other"), features, seen.scores.T, strict=False):
            require_various(column, name, feature, what)
        reference = None
        if eyes is not None and self.picture is not None:
            reference = (eyes.see(self.picture).double().numpy()[0], _pixels(self.picture)[0])
        return Drifting(
            seen.scores[:, 0],
            None if self.other is None else seen.scores[:, 1],
            None if reference is None else seen.features,
            reference,
            data,
            seen,
            made_of,
        )


def _pixels(pictures: Float[Tensor, "n c h w"]) -> Float[np.ndarray, "n h w c"]:
    small = pictures if pictures.shape[-1] <= LARGEST else resized(pictures, LARGEST)
    found: Float[np.ndarray, "n h w c"] = small.permute(0, 2, 3, 1).double().cpu().numpy()
    return found
