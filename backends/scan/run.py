"""A scan: bind the store, see which shards are missing, and let an engine make them."""

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from distributional_view.backends.scan.build import Built, build
from distributional_view.backends.scan.decoding import Decoding
from distributional_view.backends.scan.manifest import Manifest
from distributional_view.backends.scan.recipe import Recipe
from distributional_view.backends.scan.work import Counted, Work
from distributional_view.backends.store import layout, shards
from distributional_view.backends.store.layout import Identity
from distributional_view.errors import UserError
from distributional_view.files import shown
from distributional_view.fingerprints import Hashes
from distributional_view.locks import held
from distributional_view.theory.progress import Progress, silent

Engine = Literal["local", "ray"]
HASHES = ".hashes.json"


@dataclass(frozen=True)
class Effort:
    """How the work is done; none of it changes a row, but the batch may change last digits.

    Args:
        engine: the plain loop, or Ray Data.
        batch: pictures in a pass.
        images_a_shard: rows of the manifest in a shard.
        part: of `of` parts, from zero: makes the shards K with K % of == part.
        of: number of parts.
        threads: that decode, in each process; None: as many as there are cores.
        workers: processes of Ray; None: one a GPU, or two without.
    """

    engine: Engine = "local"
    batch: int = 32
    images_a_shard: int = 10_000
    part: int = 0
    of: int = 1
    threads: int | None = None
    workers: int | None = None

    def __post_init__(self) -> None:
        for name in ("batch", "images_a_shard", "of"):
            if getattr(self, name) < 1:
                raise UserError(f"{name} = {getattr(self, name)!r}: must be >= 1")
        if not 0 <= self.part < self.of:
            raise UserError(f"part = {self.part!r}: must be in [0, {self.of}), parts are counted from 0")

    def decoding(self, store: Path, built: Built, size: int) -> Decoding:
        """How pictures are decoded."""
        return Decoding(size, built.scorer.grey, self.batch, self.threads or os.cpu_count() or 1, store)


def scan(
    store: Path,
    manifest: Manifest,
    recipe: Recipe,
    effort: Effort | None = None,
    progress: Progress = silent,
) -> Counted:
    """Make the shards of a store that are not there yet. Killed at any moment, the same call goes on.

    Args:
        store: the folder.
        manifest: the pictures.
        recipe: the networks.
        effort: how the work is done.
        progress: told after every batch, with the pictures a second.

    Returns:
        Pictures that this call scored, and that could not be read.

    Raises:
        UserError: if the store is of another scan, in use, damaged or cannot be written; if no picture can be read.
        ModelFailed: if the networks fail.
    """
    effort = effort or Effort()
    layout.require_pyarrow()
    with held(store / f".lock-{effort.part}-of-{effort.of}", f"part {effort.part} of {effort.of} of {shown(store)}"):
        built = build(recipe, Hashes(store / HASHES))
        identity = identity_of(built, manifest, recipe, effort.images_a_shard)
        layout.bind(store, identity)
        there = layout.finished(store)
        shards.counted(store, identity, there)
        mine = range(effort.part, identity.shards, effort.of)
        torn = shards.damaged(store, sorted(set(there) & set(mine)), progress)
        if torn is not None:
            raise UserError(torn)
        todo = sorted(set(mine) - set(there))
        work = Work(store, identity, manifest, built.scorer, effort.decoding(store, built, recipe.side))
        total = sum(len(identity.block(shard)) for shard in mine)
        before = total - sum(len(identity.block(shard)) for shard in todo)
        told = Rate(progress, before, total)
        if effort.engine == "ray" and todo:
            from distributional_view.backends.scan.ray_engine import make

            count = make(work, recipe, effort, todo, told)
        else:
            count = work.make(todo, told)
    if count.bad and not count.read and not before:
        raise UserError(f"none of {count.bad} pictures can be read, first {shown(count.first)}")
    return count


def identity_of(built: Built, manifest: Manifest, recipe: Recipe, images_a_shard: int) -> Identity:
    """What decides every row of the store."""
    images = {"digest": manifest.digest, "number": len(manifest)}
    return Identity(
        layout.FORMAT,
        built.scorer.features,
        tuple(recipe.reductions),
        recipe.side,
        built.map,
        images_a_shard,
        built.made_of,
        images,
    )


class Rate:
    """Tells how far a scan is, with the pictures a second of this call.

    Args:
        progress: told.
        before: pictures of shards that were there.
        total: pictures of all shards of this part.
    """

    def __init__(self, progress: Progress, before: int, total: int) -> None:
        self.progress, self.before, self.total = progress, before, total
        self.done, self.start = 0, time.monotonic()
        progress("scanning", before, total)

    def __call__(self, done: int) -> None:
        """Count so many more pictures."""
        self.done += done
        rate = self.done / max(time.monotonic() - self.start, 1e-9)
        left = (self.total - self.before - self.done) / rate
        self.progress(f"scanning, {rate:.0f} images/s, {_duration(left)} left", self.before + self.done, self.total)


def _duration(seconds: float) -> str:
    """Hours, minutes and seconds."""
    whole = round(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"
