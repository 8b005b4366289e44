"""The same methods for features of other stages of the embedded classifier.

A hook is the input of a block: (stage, block), of which `DEPTHS` says how many there are. The world's transcoder reads
`HOOK`; elsewhere a small one is trained first, by the same code, in the folder of its layer. Features are drawn at
random from those that fire in at least `LIVE` of the pictures; each is brought to a quantile of its own score, as in
`paradigm_experiment`, whose cells these are.

Paper: Table 8. There blocks 5, 20 and 25 of the third stage; here other stages of a smaller network.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from distributional_view.backends.cells import Row
from distributional_view.backends.embedded.animals import CLASSES
from distributional_view.backends.embedded.convnext import Hook
from distributional_view.backends.embedded.features import TOP, Named
from distributional_view.backends.embedded.layer import Layer, load_layer
from distributional_view.backends.embedded.methods import shared
from distributional_view.backends.embedded.paradigm_experiment import run as run_cells
from distributional_view.backends.embedded.store import (
    WEIGHTS,
    load_classifier,
    read_record,
    refuse_others,
    weights_path,
)
from distributional_view.backends.embedded.train import HOOK, TRANSCODER, as_recorded, train_features
from distributional_view.backends.paradigms import maco
from distributional_view.backends.paradigms.budget import QUICK as PARADIGM_QUICK
from distributional_view.backends.paradigms.budget import ParadigmBudget
from distributional_view.errors import UserError
from distributional_view.theory.methods import energy_dps, hybrid, klsc_weights, retrieval
from distributional_view.theory.progress import Progress, named, silent
from distributional_view.theory.seeds import part_seed

HOOKS = (Hook(1, 0), HOOK, Hook(3, 0))
"""Those that are compared if no others are asked for."""
METHODS = (maco.NAME, retrieval.NAME, klsc_weights.NAME, energy_dps.NAME, hybrid.NAME)
LIVE = 0.05
"""A feature is live if it fires in this share of the pictures."""
_CHOSEN = 0  # part of the seed


@dataclass(frozen=True)
class LayerBudget:
    """Sizes of the comparison.

    Args:
        features: of each layer.
        training: steps of a layer's transcoder.
        cells: of each feature.
    """

    features: int = 3
    training: int = 600
    cells: ParadigmBudget = field(default_factory=lambda: replace(ParadigmBudget(), levels=(0.95,), seeds=1))


QUICK = LayerBudget(1, 60, replace(PARADIGM_QUICK, levels=(0.95,)))


class LayerRows(NamedTuple):
    """A layer: its hook, what its transcoder explains of the variance, and the rows of its features."""

    hook: Hook
    explained_variance: float
    rows: list[Row]

    @property
    def name(self) -> str:
        """What the hook is called."""
        return name_of(self.hook)


def name_of(hook: Hook) -> str:
    """Stage and block in words."""
    return f"stage {hook.stage} block {hook.block}"


def run(
    out: Path,
    budget: LayerBudget,
    hooks: Sequence[Hook],
    methods: Sequence[str],
    seed: int,
    progress: Progress = silent,
    jobs: int = 1,
) -> list[LayerRows]:
    """All layers; what `out` has already is read.

    Args:
        out: folder of all layers, each in a folder of its own.
        budget: sizes.
        hooks: the layers.
        methods: names of `entrants.ENTRANTS`.
        seed: of everything random but the transcoders' training.
        progress: in steps of a training, then in cells.
        jobs: processes, one thread each.

    Raises:
        ValueError: for a hook or a method that does not exist.
        OtherRequest: if a folder belongs to another comparison.
        UserError: if a file is damaged, another process works there, or it cannot be written.
        MissingWeights, MissingData: if a part of the backend is not there.
    """
    classifier = load_classifier()
    found = []
    for hook in map(classifier.check_hook, hooks):
        said, folder = name_of(hook), out / f"stage-{hook.stage}-block-{hook.block}"
        weights = trained(folder / "transcoder", hook, budget.training, named(progress, f"{said}: transcoder"))
        features = chosen(load_layer(weights), hook, budget.features, seed)
        rows = run_cells(folder, budget.cells, seed, features, named(progress, said), jobs, methods, transcoder=weights)
        explained = read_record("transcoder", weights).measured["explained variance"]
        found.append(LayerRows(hook, explained, rows))
    return found


def trained(folder: Path, hook: Hook, steps: int, progress: Progress = silent) -> Path:
    """The folder of a hook's transcoder, trained if it is not there.

    Raises:
        UserError: if the folder has one of another training or hook.
    """
    if hook == HOOK:
        return WEIGHTS
    settings = replace(TRANSCODER, steps=steps, check_every=steps)
    refuse_others("transcoder", folder, as_recorded(settings))
    if not weights_path("transcoder", folder).exists():
        folder.mkdir(parents=True, exist_ok=True)
        train_features(settings, folder, progress, hook, WEIGHTS)
    there = read_record("transcoder", folder).network.get("hook")
    if there != hook._asdict():
        raise UserError(f"{folder} has a transcoder of {there}, must be of {hook._asdict()}: choose another folder")
    return folder


def chosen(layer: Layer, hook: Hook, most: int, seed: int) -> list[Named]:
    """Random live features, with the commonest class among their pictures of highest score."""
    rng = np.random.default_rng(part_seed(seed, _CHOSEN, *hook))
    return [_described(layer, hook, index) for index in rng.permutation(layer.live(LIVE))[:most].tolist()]


def _described(layer: Layer, hook: Hook, index: int) -> Named:
    best = np.argsort(-layer.activation(index), kind="stable")[:TOP]
    counts = np.bincount(shared().labels[best], minlength=len(CLASSES))
    name = f"stage {hook.stage}: {index}"
    return Named(index, name, "", CLASSES[int(counts.argmax())], float(counts.max()) / TOP)


def parameters(budget: LayerBudget, hooks: Sequence[Hook]) -> dict[str, Any]:
    """What was chosen, for a file."""
    return asdict(budget) | {"hooks": [list(hook) for hook in hooks]}
