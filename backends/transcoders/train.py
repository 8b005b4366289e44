"""Training of a transcoder on activations that are computed as they are needed.

Each step takes one batch of images, asks the backbone for the activations to read and the activations to reconstruct,
and makes one Adam step on

    L = |y - y_hat|^2 + w mean_positions(sum_k |W_D[k]| z_k) + a |(y - y_hat) - e_hat|^2

(squared norms are means over positions and channels, in scaled units). The second term is the penalty of (36), zero by
default as in the paper's runs. The third handles dead features (the AuxK loss of Gao et al. 2024, arXiv 2406.04093):
e_hat reconstructs the present error with the largest pre-activations of the features that have been silent for a
while, which pulls them towards what is not yet explained. Unlike theirs, these are not rectified, so that a feature
that is negative everywhere has a gradient too. The paper's runs had no such term (`aux_weight = 0`).

One batch of activations is in memory at a time. The decoder's rows are unit vectors (renormalised after each step,
their gradient made tangent before it; Bricken et al. 2023), unless the features are ranked with their decoder norms:
then the scale of a row is no longer free, and the rows are left alone.

With a folder given, all of the training's state is saved every so many steps; a run that was killed continues from
there and ends in the same weights, bit for bit, as one that was not (same machine, same number of threads).

Paper: Appendix C.1 (35)-(36), Appendix J.1.
"""

from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from distributional_view.backends.transcoders.calibration import calibrate_to_data
from distributional_view.backends.transcoders.evaluate import Activations, Evaluation, evaluate
from distributional_view.backends.transcoders.run import TrainingRun
from distributional_view.backends.transcoders.settings import TrainingSettings
from distributional_view.backends.transcoders.stream import Stream, stream_of
from distributional_view.backends.transcoders.transcoder import Transcoder, TranscoderSpec
from distributional_view.theory.errors import require
from distributional_view.theory.progress import Progress, silent


class Trained(NamedTuple):
    """The transcoder (in evaluation mode), its evaluation at the end, those on the way, and whether `until` was met."""

    transcoder: Transcoder
    evaluation: Evaluation
    history: list[tuple[int, Evaluation]]
    steps: int
    reached: bool


def train(
    spec: TranscoderSpec,
    activations: Activations,
    batches: Iterable[Tensor] | Stream,
    validation: Iterable[Tensor],
    settings: TrainingSettings,
    seed: int,
    folder: Path | None = None,
    device: str | torch.device = "cpu",
    progress: Progress = silent,
    job: str = "",
) -> Trained:
    """Train a transcoder, or go on where a killed run stopped.

    Args:
        spec: its shape and conventions. "jumprelu" is not trained: train "batchtopk" and use `to_jumprelu`.
        activations: images -> activations to read (n, d_in, h, w) and to reconstruct (n, d_out, h, w); called without
            a graph. The same tensor twice for an autoencoder.
        batches: batches of images, or a stream of them; with a plain iterable each pass must give the same order if
            the run is to be resumed exactly.
        validation: batches of images for the explained variance; iterated over at each check.
        settings: see `TrainingSettings`.
        seed: of the initial weights.
        folder: where to keep the state; None keeps nothing.
        device: where the transcoder and the images go.
        progress: called after each step; says the loss, the active codes a position and the silent features.
        job: whose the state in the folder is: the `token` of a job.

    Raises:
        TrainingDiverged: if the loss stops being finite.
        UserError: if the state in the folder is damaged, or cannot be written.
        ValueError: for "jumprelu", activations of a wrong shape, no batches, or a folder with the state of a run with
            other settings.
    """
    require(spec.activation != "jumprelu", "activation", spec.activation, "topk, batchtopk or relu")
    run = TrainingRun(spec, settings, seed, torch.device(device))
    resumed = folder is not None and run.load(folder, job)
    stream = stream_of(batches)
    if not resumed:
        first = islice(stream(0), settings.calibration_batches)
        calibrate_to_data(run.transcoder, activations, first, run.device)
    images = stream(run.step)
    while not run.done:
        status = run.advance(activations, next(images))
        if run.step % settings.check_every == 0 or run.step == settings.steps:
            run.check(evaluate(run.transcoder, activations, validation, device))
        if folder is not None and (run.step % settings.save_every == 0 or run.done):
            run.save(folder, job)
        progress(str(status), run.step, settings.steps)
    run.transcoder.eval()
    return Trained(run.transcoder, run.history[-1][1], run.history, run.step, run.reached)
