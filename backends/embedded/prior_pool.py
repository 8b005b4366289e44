"""A large pool of unguided samples of the embedded prior, made once: reweighted, it is the prior's own tilt.

    p exp(beta psi)/Z  is about  sum_i w_i delta(x_i),    x_i ~ p,  w_i proportional to exp(beta psi(x_i))

One pool serves every feature and every level, as long as the weights' effective size allows. Pictures are kept as grey
values 0 ... 255, in sealed parts with a seed each; what is measured of them is measured after the rounding. The folder
belongs to one prior and one classifier: after a training of either it is refused.

Paper: Lemma F.1 (17), Appendix H. The pool of prior samples and its use as a yardstick are ours.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass, fields, replace
from functools import cached_property, partial
from pathlib import Path
from typing import get_args

import numpy as np
import torch
from jaxtyping import Float, Int, UInt8
from torch import Tensor

from distributional_view.backends.adapter.world import TorchWorld
from distributional_view.backends.embedded.animals import as_grey, to_images
from distributional_view.backends.embedded.measures import features_and_logits
from distributional_view.backends.embedded.store import Part, load_classifier, weights_path
from distributional_view.backends.embedded.world import embedded_world, feature_score
from distributional_view.errors import UserError
from distributional_view.jobs import JOB, Job, opened, read_json
from distributional_view.sealed import read_sealed_arrays, write_sealed_arrays
from distributional_view.theory.errors import require
from distributional_view.theory.methods.pool import ScoredPool
from distributional_view.theory.progress import Progress, named, silent
from distributional_view.theory.samplers.energy_dps import unguided
from distributional_view.theory.samplers.schedule import Spacing
from distributional_view.theory.samplers.solvers import Solver
from distributional_view.theory.seeds import part_seed

CHUNK = 250
"""Pictures in one pass."""


@dataclass(frozen=True)
class PoolPlan:
    """How a pool is sampled.

    Args:
        steps: reverse steps, evaluations of the prior a picture.
        solver: of first or of second order.
        spacing: where the levels lie.
        part: pictures a file, each file with a seed of its own.
        seed: of the pool.
    """

    steps: int = 30
    solver: Solver = "2M-SDE"
    spacing: Spacing = "log-SNR"
    part: int = 500
    seed: int = 0


@dataclass(frozen=True, eq=False)
class PriorPool:
    """Samples of the prior with what the classifier makes of them.

    Args:
        job: the folder and its token.
        grey: pictures as grey values.
        pooled: the classifier's pooled features.
        logits: its class scores.
    """

    job: Job
    grey: UInt8[np.ndarray, "n 1 h w"]
    pooled: Float[Tensor, "n d"]
    logits: Float[Tensor, "n classes"]

    def __len__(self) -> int:
        return len(self.grey)

    @cached_property
    def labels(self) -> Int[np.ndarray, " n"]:
        """The class that the classifier gives each picture."""
        found: Int[np.ndarray, " n"] = self.logits.argmax(1).numpy()
        return found

    def pictures(self, indices: Int[np.ndarray, " k"]) -> Float[Tensor, "k 1 h w"]:
        """Some of the pictures, in [-1, 1]."""
        return to_images(self.grey[indices, 0])

    def activation(self, feature: int) -> Float[np.ndarray, " n"]:
        """The usual score of a feature on every picture; kept in the folder.

        Raises:
            ValueError: for a feature that does not exist.
            UserError: if the file is damaged.
        """
        path = self.job.folder / f"activation-{feature}-of-{len(self)}.npy"
        if not path.exists():
            score, parts = feature_score(feature), torch.arange(len(self)).split(CHUNK)
            with torch.no_grad():
                found = torch.cat([score(self.pictures(indices.numpy())) for indices in parts])
            write_sealed_arrays(path, found.double().numpy(), self.job.token)
        kept: Float[np.ndarray, " n"] = read_sealed_arrays(path, self.job.token)[0]
        return kept

    def scored(self, feature: int, only: slice = slice(None)) -> ScoredPool:
        """The pool with a feature's activations, or the part of it that `only` selects."""
        places = np.arange(len(self))[only]
        return ScoredPool(self.activation(feature)[only], lambda indices: self.pictures(places[indices]))


def spaced_world(feature: int, steps: int, spacing: Spacing) -> TorchWorld:
    """The prior and the activation of a feature, with this many levels, `CHUNK` pictures in a pass."""
    return replace(embedded_world(feature, steps, spacing), batch=CHUNK)


def prior_pool(out: Path, n: int, plan: PoolPlan | None = None, progress: Progress = silent) -> PriorPool:
    """The first n pictures of the pool in a folder; what is not there is sampled.

    Args:
        out: the pool's folder.
        n: how many, a multiple of the plan's part; a larger number goes on from a smaller one.
        plan: how they are sampled; `PoolPlan()` by default.
        progress: in pictures and reverse steps.

    Raises:
        ValueError: for a number that is no multiple of the part.
        OtherRequest: if the folder belongs to another prior, classifier or plan.
        UserError: if a file of it is damaged, or another process works there.
        MissingWeights: if a part of the backend is not there.
    """
    chosen = plan or PoolPlan()
    require(n >= 1 and n % chosen.part == 0, "n", n, f"a multiple of {chosen.part}, the pictures a file")
    weights: list[Part] = [part for part in get_args(Part) if part != "draft"]
    contents: dict[str, Path] = {part: weights_path(part) for part in weights}
    with opened(out, {"pool": asdict(chosen)}, contents, ("part-*.npz", "activation-*.npy")) as job:
        world: TorchWorld | None = None
        for place in range(n // chosen.part):
            if not _path(job, place).exists():
                world = world or spaced_world(0, chosen.steps, chosen.spacing)
                _make(job, world, chosen, place, partial(_in_all, progress, place, n // chosen.part, chosen))
        return _read(job, n // chosen.part)


def kept_pool(folder: Path) -> PriorPool:
    """All pictures of a pool that was sampled before, by whatever plan.

    Raises:
        UserError: if there is none in the folder, it belongs to another prior or classifier, or is damaged.
    """
    job = folder / JOB
    known = read_json(job, "choose another folder") if job.is_file() else {}
    given = known.get("pool") if isinstance(known, dict) else None
    if not isinstance(given, dict) or not {field.name for field in fields(PoolPlan)} == set(given):
        raise UserError(f"pool = {folder}: must be a folder of `dview embedded-pool`, and has no part of one")
    plan, parts = PoolPlan(**given), 0
    while (folder / f"part-{parts:04d}.npz").exists():
        parts += 1
    if parts == 0:
        raise UserError(f"pool = {folder}: has no pictures yet: `dview embedded-pool --out {folder}` samples them")
    return prior_pool(folder, parts * plan.part, plan)


def _in_all(progress: Progress, place: int, places: int, plan: PoolPlan, what: str, done: int, total: int) -> None:
    progress(what, place * plan.part + done * plan.part // max(total, 1), places * plan.part)


def _make(job: Job, world: TorchWorld, plan: PoolPlan, place: int, progress: Callable[[str, int, int], None]) -> None:
    noise = world.noise(part_seed(plan.seed, place), plan.part)
    images = unguided(world, noise, named(progress, "samples of the prior"), plan.solver)
    grey, classifier = as_grey(images), load_classifier()
    features, logits = features_and_logits(classifier, to_images(grey[:, 0]), CHUNK)
    content = {"grey": grey, "pooled": features.numpy(), "logits": logits.numpy()}
    write_sealed_arrays(_path(job, place), content, job.token)


def _read(job: Job, parts: int) -> PriorPool:
    kept = [read_sealed_arrays(_path(job, place), job.token)[0] for place in range(parts)]
    whole = {name: np.concatenate([part[name] for part in kept]) for name in ("grey", "pooled", "logits")}
    return PriorPool(job, whole["grey"], torch.from_numpy(whole["pooled"]), torch.from_numpy(whole["logits"]))


def _path(job: Job, place: int) -> Path:
    return job.folder / f"part-{place:04d}.npz"
