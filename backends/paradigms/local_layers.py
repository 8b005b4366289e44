"""Random live features of several layers of a local backbone, a transcoder each, by the methods of the comparison.

A layer is where its transcoder reads, which its folder says. A feature is live if it fires in at least `LIVE` of some
pictures of the pool. Each is brought to a quantile of its own score, so that layers are compared at like levels. Each
layer has a folder of its own, as a comparison (`local_run`).

Paper: Table 8.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Int

from distributional_view.backends.adapter.feature import Mix, all_scores
from distributional_view.backends.adapter.passes import autocast_of, in_precision
from distributional_view.backends.explain.folder import spread
from distributional_view.backends.explain.sources import local_score
from distributional_view.backends.paradigms.budget import ParadigmBudget
from distributional_view.backends.paradigms.local_model import FITTED, LocalModel, LocalRequest
from distributional_view.backends.paradigms.local_run import Comparison, LocalRows
from distributional_view.backends.transcoders.checkpoint import load_published
from distributional_view.backends.transcoders.evaluate import evaluate
from distributional_view.errors import UserError
from distributional_view.theory.progress import Progress, named, silent
from distributional_view.theory.seeds import part_seed

LIVE = 0.05
"""A feature is live if it fires in this share of the pictures."""
_CHOSEN = 8  # part of the seed


class LocalLayer(NamedTuple):
    """A layer: what it is called, what its transcoder explains of the variance of what it reads, and the rows.

    `explained` is None where the transcoder reconstructs something else than it reads.
    """

    name: str
    explained: float | None
    found: LocalRows


def run(
    out: Path,
    request: LocalRequest,
    transcoders: Sequence[Path],
    budget: ParadigmBudget,
    methods: Sequence[str],
    seed: int,
    tried: int | None = None,
    progress: Progress = silent,
    say: Callable[[Sequence[str]], None] = lambda _: None,
) -> list[LocalLayer]:
    """All layers; what `out` has already is read.

    Args:
        out: a folder in which each layer has one.
        request: what there is; its transcoder and features are not used.
        transcoders: a folder each, of different layers or dictionaries.
        budget: sizes; `features` of each layer.
        methods: names of `entrants.ENTRANTS`.
        seed: of everything random.
        tried: see `Comparison`.
        progress: of each cell.
        say: is told what the user should know, before a layer begins.

    Raises:
        ValueError: for a method that does not exist.
        UserError: for a transcoder that is given twice or has no live features; and as `Comparison` does.
    """
    for folder in transcoders:
        if [each.resolve() for each in transcoders].count(folder.resolve()) > 1:
            raise UserError(f"--transcoder {folder}: must be given once")
    layers, said = [], list[str]()
    for folder, place in zip(transcoders, places(request, transcoders), strict=True):
        told = named(progress, folder.name)
        own = replace(request, features=(0,), paths=replace(request.paths, transcoder=folder))
        comparison = Comparison(
            out / place,
            own,
            budget,
            seed,
            tried,
            told,
            methods,
            partial(chosen, folder=folder, most=budget.features, seed=seed),
            "layers",
        )
        fresh = [line for line in comparison.said if line not in said]
        said += fresh
        say(fresh)
        found = comparison.run()
        layers.append(LocalLayer(name_of(comparison.model.hook), explained(comparison.model), found))
    names = [layer.name for layer in layers]
    several = {name for name in names if names.count(name) > 1}
    marked = zip(layers, transcoders, strict=True)
    return [
        layer._replace(name=f"{layer.name} ({folder.name})") if layer.name in several else layer
        for layer, folder in marked
    ]


def places(request: LocalRequest, transcoders: Sequence[Path]) -> list[str]:
    """What the folder of each layer's job is called: after its place and the transcoder's folder.

    The order says nothing, so that a transcoder can be added anywhere. All are read before the first layer begins: a
    later one that cannot be used is refused at once.

    Raises:
        UserError: for two dictionaries of a layer whose folders have one name.
        WrongWeights, BadCheckpoint, MissingWeights, ValueError: see `local_score`.
    """
    found = list[str]()
    for folder in transcoders:
        own = replace(request.paths, transcoder=folder)
        stage, block = (0, 0) if own.backbone is None else local_score(own, request.score, "cpu")[1]
        found.append(f"stage-{stage}-block-{block}-{folder.resolve().name}")  # the model says what is missing
        if found[-1] in found[:-1]:
            raise UserError(f"--transcoder {folder}: must have a name that no other folder of its layer has")
    return found


def name_of(hook: tuple[int, int]) -> str:
    """Stage and block in words."""
    return f"stage {hook[0]} block {hook[1]}"


def chosen(model: LocalModel, folder: Path, most: int, seed: int) -> tuple[int, ...]:
    """Random live features; those of a layer are the same whatever the other layers are.

    Raises:
        UserError: if there are none; names the folder.
    """
    live = live_features(model, LIVE)
    if len(live) == 0:
        raise UserError(
            f"--transcoder {folder}: must have features that fire in {LIVE:.0%} of the pictures, and has none"
        )
    picked = np.random.default_rng(part_seed(part_seed(seed, *model.hook), _CHOSEN)).permutation(live)[:most]
    return tuple(picked.tolist())


def live_features(model: LocalModel, least: float) -> Int[np.ndarray, " live"]:
    """The features whose codes are positive somewhere in what counts of at least this share of some pictures."""
    psi, files = model.psi, spread(model.training, FITTED)
    fired, d_sae = 0, psi.transcoder.spec.d_sae
    counts = torch.zeros(d_sae, dtype=torch.long)
    for part in model.batches(files):
        with torch.no_grad(), in_precision(model.device, autocast_of(model.request.sampler.precision)):
            scores = all_scores(
                psi.backbone, psi.transcoder, part.to(model.device), Mix(), psi.preprocess, share=psi.share
            )
        counts += (scores > 0).sum(0).cpu()
        fired += len(part)
    found: Int[np.ndarray, " live"] = np.flatnonzero(counts.numpy() >= max(1.0, least * fired))
    return found


def explained(model: LocalModel) -> float | None:
    """Of the pictures that judge, over all positions."""
    assert model.request.paths.transcoder is not None
    published = load_published(model.request.paths.transcoder, model.device)
    if published.hook_out != published.hook_in:
        return None
    psi = model.psi

    def activations(pictures: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        read = psi.backbone(psi.preprocess(pictures))
        return read, read

    batches: Iterable[torch.Tensor] = model.batches(spread(model.held, FITTED))
    return evaluate(psi.transcoder, activations, batches, model.device).explained_variance
