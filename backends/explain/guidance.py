"""What hybrid guidance and steering need to know: H_t, of pictures or learned from them, and what the plug-in tells.

All is kept, in the job's folder or in one that several jobs share: H_t serves every level of its feature, the slopes
every level at the same steps.

Paper: Theorem G.3, Remark G.4.
"""

import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from distributional_view.backends.adapter.world import TorchWorld
from distributional_view.backends.explain.kept import kept
from distributional_view.backends.explain.lessons import KeptScores, Lessons
from distributional_view.backends.fit import Plan
from distributional_view.backends.potential import store
from distributional_view.backends.potential.from_pool import seen, with_seen
from distributional_view.backends.potential.learned import LearnedPotential
from distributional_view.backends.potential.pictures import learn_from_pictures, together, with_mirrors
from distributional_view.backends.potential.train import PLAN
from distributional_view.backends.potential.world import with_potential
from distributional_view.choices import PotentialName
from distributional_view.sealed import read_sealed_arrays, write_sealed_arrays
from distributional_view.theory.errors import require
from distributional_view.theory.progress import Progress, named, silent
from distributional_view.theory.samplers.potential import Predictive, predictive

DRAWS = 300
"""Pictures on which it is measured how much each level knows, unless there are fewer."""
_SEED = 0  # of slopes: they serve jobs of every seed
_SLOPES, _POOL = "slopes.npz", "pool.npz"
SEEN = 32
"""Pixels a side, at most, in which a pool is seen, where the size of its pictures can be divided so."""


@dataclass(frozen=True)
class Teaching:
    """How the guidance is learned.

    Args:
        keep: folder of what was learned.
        plan: of the potential's training.
        draws: pictures on which it is measured how much each level knows, >= 3.
    """

    keep: Path
    plan: Plan = PLAN
    draws: int = DRAWS

    def __post_init__(self) -> None:
        require(self.draws >= 3, "draws", self.draws, ">= 3")


class Taught(NamedTuple):
    """A world, with its learned H_t if there is one, and how much each level of its schedule knows.

    `pool` says how many pictures guide, and the CPU seconds of scoring them; `token` is that of the job which knows all
    that this was made of.
    """

    world: TorchWorld
    known: Predictive
    learned: LearnedPotential | None
    pool: dict[str, float] | None
    token: str

    def words(self) -> str:
        """What guides, and what learning it took, in a sentence."""
        steps = len(self.known.slope)
        first = f"guides the first {self.known.switch} of {steps} steps, the plug-in the others"
        if self.pool is not None:
            cost = f"{self.pool['pictures']} pictures, {self.pool['CPU seconds of scoring']:g} s of CPU to score"
            return f"the potential of the pictures ({cost}) {first}"
        if self.learned is None:
            return f"the plug-in is shrunken by slopes from {self.known.slope[0]:.2f} to {self.known.slope[-1]:.2f}"
        record = self.learned.record
        cost = f"{record['scored pictures']} pictures, {record['CPU seconds of scoring']:g} s of CPU to score and "
        cost += f"{record['CPU seconds']:g} s to learn from"
        return f"the learned potential ({cost}) {first}"

    def record(self) -> dict[str, Any]:
        """Everything about it, as JSON can hold it, from the noisiest level to the cleanest."""
        errors = {name: getattr(self.known, name).tolist() for name in ("slope", "plug_in", "potential")}
        made: dict[str, Any] = {} if self.learned is None else {"learned": self.learned.record}
        made |= {} if self.pool is None else {"pool": self.pool}
        return {"switch": self.known.switch, **errors, **made}


def taught(
    world: TorchWorld,
    lessons: Lessons | None,
    sample: Tensor | None,
    potential: PotentialName | None,
    teaching: Teaching,
    origin: Any = None,
    contents: Mapping[str, Path] | None = None,
    progress: Progress = silent,
) -> Taught:
    """Learn what a method needs to know, or read what was learned.

    Args:
        world: prior and score.
        lessons: pictures to learn from; needed with `potential`.
        sample: pictures of the prior, in place of those that the lessons hold back; needed where there are no lessons.
        potential: where H_t is from; None for only how much the plug-in tells.
        teaching: how, and where it is kept.
        origin: what score and world are made of, as JSON can hold it.
        contents: files that they were made from.
        progress: called as the work goes on.

    Raises:
        UserError: if what is kept is damaged or of other files, another process works there, or it cannot be written.
        ValueError: if there is nothing to learn from.
    """
    learned, pool, token = None, None, None
    if potential is not None:
        require(lessons is not None, "lessons", lessons, "given: a potential is that of pictures")
        assert lessons is not None
    if potential == "learned":
        assert lessons is not None
        learned, token = _learned(world, lessons, teaching, origin, contents or {}, progress)
        world = with_potential(world, learned, 0)
    if potential == "pool":
        assert lessons is not None
        world, pool, token = _pooled(world, lessons, teaching, origin, contents or {}, progress)
    identity = {
        "origin": origin,
        "potential": token,
        "schedule": world.schedule.alpha_bar.tolist(),
        "device": torch.device(world.device).type,
        "draws": teaching.draws,
        "pictures": None if lessons is None else lessons.digest,
        "sample": None if sample is None else len(sample),
    }
    with kept(teaching.keep, "slopes", identity, contents or {}, (_SLOPES,)) as job:
        path = job.folder / _SLOPES
        if not path.exists():
            require(lessons is not None or sample is not None, "sample", sample, "given where there are no lessons")
            held = sample if lessons is None else lessons.held(teaching.draws)
            assert held is not None
            found = _known(world, held, teaching.draws, progress)
            write_sealed_arrays(path, found._asdict(), job.token)
        return Taught(world, Predictive(**read_sealed_arrays(path, job.token)[0]), learned, pool, job.token)


def _known(world: TorchWorld, pictures: Tensor, draws: int, progress: Progress) -> Predictive:
    """How much each level knows of the score of these pictures."""

    def draw(seed: int, n: int) -> Tensor:
        order = torch.randperm(len(pictures), generator=torch.Generator().manual_seed(seed))
        return pictures[order[:n]].to(world.device, world.dtype)

    return predictive(replace(world, prior=draw), _SEED, min(draws, len(pictures)), progress)


def _learned(
    world: TorchWorld,
    lessons: Lessons,
    teaching: Teaching,
    origin: Any,
    contents: Mapping[str, Path],
    progress: Progress,
) -> tuple[LearnedPotential, str]:
    """H_t of the world's score, and the token of the job that has learned it."""
    identity = {"origin": origin, "plan": asdict(teaching.plan), "pictures": [lessons.size, lessons.digest]}
    writes = (store.WEIGHTS, store.RECORD, "scores.npy")
    with kept(teaching.keep, "potential", identity, contents, writes) as job:
        if not store.saved(job.folder):
            checkpoint = job.folder / "potential.checkpoint"
            scores = KeptScores(together([lessons.psi]), job.folder / "scores.npy", job.token)
            try:
                learned = learn_from_pictures(
                    scores,
                    ("score",),
                    _counted(lessons, progress),
                    teaching.plan,
                    world.device,
                    world.autocast,
                    checkpoint,
                    named(progress, "learning the potential"),
                )
            finally:
                scores.save()
            store.save(learned, job.folder)
            checkpoint.unlink()
        return store.load(job.folder), job.token


def _pooled(
    world: TorchWorld,
    lessons: Lessons,
    teaching: Teaching,
    origin: Any,
    contents: Mapping[str, Path],
    progress: Progress,
) -> tuple[TorchWorld, dict[str, float], str]:
    """The world with the H_t of the lessons and their mirror images, what scoring them took, and the job's token."""
    block = block_of(world.shape)
    identity = {"origin": origin, "pictures": [lessons.size, lessons.digest], "block": block}
    with kept(teaching.keep, "pool", identity, contents, (_POOL, "scores.npy")) as job:
        path = job.folder / _POOL
        if not path.exists():
            scores = KeptScores(together([lessons.psi]), job.folder / "scores.npy", job.token)
            started, pictures, numbers = time.process_time(), list[Tensor](), list[Tensor]()
            try:
                for x, found in with_mirrors(scores, _counted(lessons, progress), world.device, world.autocast):
                    numbers.append(found[:, 0])
                    pictures.append(seen(x, block))
            finally:
                scores.save()
            took = round(time.process_time() - started, 1)
            content = {"seen": torch.cat(pictures).numpy(), "scores": torch.cat(numbers).numpy()}
            write_sealed_arrays(path, content, job.token, seconds=took)
        kept_pool, notes = read_sealed_arrays(path, job.token)
        record = {"pictures": len(kept_pool["scores"]), "CPU seconds of scoring": notes["seconds"], "block": block}
        return with_seen(world, torch.from_numpy(kept_pool["seen"]), kept_pool["scores"], block), record, job.token


def block_of(shape: tuple[int, ...]) -> int:
    """The smallest block that shows pictures (c, h, w) in half of `SEEN` to `SEEN` pixels a side; 1 if none does."""
    sides = shape[1:]
    largest, smallest = max(sides), min(sides)
    fits = (k for k in range(1, smallest + 1) if largest // k <= SEEN and smallest // k >= SEEN // 2)
    return next((k for k in fits if all(side % k == 0 for side in sides)), 1)


def _counted(lessons: Lessons, progress: Progress) -> Iterator[Tensor]:
    done = 0
    for batch in lessons.batches():
        yield batch
        done += len(batch)
        progress("scoring pictures that guide", done, lessons.size)
