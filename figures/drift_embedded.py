"""Object drift on the embedded world: a word or a reference picture, demanded at the same activation.

The pictures are the data's, or those of a pool of the prior's samples. The word's score is log P(word | x) of the
embedded classifier; the likeness to one picture is the cosine of the classifier's centred features. What is computed
and shown: `figures.drift_pictures`.

dview drift --embedded [--feature 457] [--word horse] [--reference 12] [--pool results/prior-pool] [--out results]
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from scipy.special import log_softmax

from distributional_view.errors import UserError
from distributional_view.figures.drift_pictures import (
    QUANTILE,
    PictureDrift,
    PictureTask,
    likeness,
    priced,
    require_level,
)
from distributional_view.figures.drift_pictures import SHARES as SHARES
from distributional_view.figures.drift_pictures import jackknife as jackknife
from distributional_view.theory.measures.tasks import baseline
from distributional_view.theory.progress import Progress, silent


@dataclass(frozen=True)
class EmbeddedDrift(PictureDrift):
    """Both tasks on one feature; `reference` is a place among the pictures."""

    name: ClassVar[str] = "drift-embedded"
    word: str
    reference: int

    @property
    def chosen(self) -> dict[str, Any]:
        """The word and the picture."""
        return {"word": self.word, "reference": self.reference}


def compute(
    feature: int,
    pool: Path | None = None,
    word: str | None = None,
    reference: int | None = None,
    progress: Progress = silent,
    level: float = QUANTILE,
) -> EmbeddedDrift:
    """Exact task-injected solutions on the pictures of the embedded world.

    Args:
        feature: of its transcoder.
        pool: folder of `dview embedded-pool`; None: the data's pictures.
        word: a class; None: the one that the tilt shows second most.
        reference: place of a picture in the set; None: the word's picture whose own score is nearest to the level.
        progress: called on the way.
        level: the quantile of the activation over the data at which it is held, in (0, 1).

    Raises:
        UserError: for a word that is no class, a picture that is not there, a folder without a pool of this prior, or a
            level out of reach.
        ValueError: for a feature that does not exist.
        ImportError: without torch.
    """
    from distributional_view.backends.embedded.animals import CLASSES
    from distributional_view.backends.embedded.described import data_described, pool_described
    from distributional_view.backends.embedded.prior_pool import kept_pool
    from distributional_view.figures.levels_source import embedded_names

    if word is not None and word not in CLASSES:
        raise UserError(f"word = {word!r}: must be one of {', '.join(CLASSES)}")
    progress("pictures", 0, 3)
    samples = None if pool is None else kept_pool(pool)
    data = data_described(feature)
    target = float(np.quantile(data.scores, level))
    found = data if samples is None else pool_described(samples, feature)
    n = len(found.scores)
    if reference is not None and not 0 <= reference < n:
        raise UserError(f"reference = {reference}: must be in 0..{n - 1}, the pictures of the set")
    source = "the data" if pool is None else "the prior's samples"
    require_level(found.scores, target, level, source)
    intrinsic = baseline(found.scores, target, masses=np.full(n, 1 / n))
    labels = found.words[:, 0]
    shares = np.bincount(labels, weights=intrinsic.masses, minlength=len(CLASSES))
    said = CLASSES[np.argsort(-shares)[1]] if word is None else word
    if reference is None:
        of_word = np.flatnonzero(labels == CLASSES.index(said))
        reference = int(of_word[np.argmin(np.abs(found.scores[of_word] - target))])
    scores = {
        f"the word {said}": ("nats", np.asarray(log_softmax(found.logits, axis=1)[:, CLASSES.index(said)]), None),
        "the reference": ("cosine", likeness(found.pooled, reference), found.pictures(np.array([reference]))[0, 0]),
    }
    tasks: list[PictureTask] = []
    for name, (unit, g, pixels) in scores.items():
        progress(name, 1 + len(tasks), 3)
        tasks.append(priced(name, unit, intrinsic, g, labels, len(CLASSES), pixels))
    title = embedded_names([feature])[feature]
    return EmbeddedDrift(
        feature, title, source, intrinsic, tasks, lambda i: found.pictures(i)[:, 0], CLASSES, said, reference
    )
