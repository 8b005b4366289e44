"""The work of a scan, shard by shard: decode ahead, score, write behind. Every engine calls this.

Three things run at once: threads decode the next batches, the network scores one, and one thread writes the shard
before. At most two shards and `decoding.AHEAD` batches are in memory.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from distributional_view.backends.scan.decoding import Decoding
from distributional_view.backends.scan.manifest import Manifest
from distributional_view.backends.scan.scorer import Scorer
from distributional_view.backends.scan.shards import Shard
from distributional_view.backends.store.layout import Identity


class Counted(NamedTuple):
    """Pictures that were scored, and that could not be read, with the first reason."""

    read: int = 0
    bad: int = 0
    first: str = ""

    def __add__(self, other: "Counted") -> "Counted":  # type: ignore[override]
        return Counted(self.read + other.read, self.bad + other.bad, self.first or other.first)


Told = Callable[[int], None]
"""Called with the number of pictures that a batch had, those that could not be read among them."""


@dataclass(frozen=True, eq=False)
class Work:
    """What makes shards.

    Args:
        store: where they go.
        identity: of the store.
        manifest: the pictures.
        scorer: the networks.
        decoding: how pictures are read.
    """

    store: Path
    identity: Identity
    manifest: Manifest
    scorer: Scorer
    decoding: Decoding

    def make(self, shards: Sequence[int], told: Told = lambda done: None) -> Counted:
        """Make some shards, in their order; each is finished or not there.

        Raises:
            UserError: if a file cannot be written, or a place with pictures does not answer.
            ModelFailed: if the networks fail.
        """
        count, shard, written = Counted(), None, None
        with ThreadPoolExecutor(1, thread_name_prefix="write") as writer:
            for batch in self.decoding.batches(self.manifest, self.identity, shards):
                shard = shard or Shard(batch.shard, self.identity)
                found = self.scorer(batch.pixels) if len(batch.pixels) else None
                shard.add(batch.good, batch.bad, found)
                count += _counted(batch.good, batch.bad)
                if batch.last:
                    _wait(written)
                    written, shard = writer.submit(shard.write, self.store), None
                told(len(batch.good) + len(batch.bad))
            _wait(written)
        return count


def _wait(written: Future[None] | None) -> None:
    if written is not None:
        written.result()


def _counted(good: Sequence[object], bad: Sequence[object]) -> Counted:
    first = f"{bad[0].picture.path} ({bad[0].reason})" if bad else ""  # type: ignore[attr-defined]
    return Counted(len(good), len(bad), first)
