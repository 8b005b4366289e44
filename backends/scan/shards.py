"""One shard: what is kept of its batches, and the writing of its files, the scores last.

A shard in the making is held in memory: about (14 + 4 reductions) bytes a pair, twice while it is sorted.
"""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from distributional_view.backends.scan.decoding import Decoded
from distributional_view.backends.scan.scorer import Found
from distributional_view.backends.store import layout
from distributional_view.backends.store.shards import mark
from distributional_view.files import write_whole, write_with


class Shard:
    """A shard that is being filled.

    Args:
        number: K of its files.
        identity: of the store; the files say which scan wrote them.
    """

    def __init__(self, number: int, identity: layout.Identity) -> None:
        self.number, self.features, self.reductions = number, identity.features, identity.reductions
        self._mark = mark(identity)
        self.good: list[Decoded] = []
        self.bad: list[Decoded] = []
        self._found: list[tuple[np.ndarray, Found]] = []

    def add(self, good: Sequence[Decoded], bad: Sequence[Decoded], found: Found | None) -> None:
        """Take a batch: its pictures, and the scores of those that could be read."""
        self.good += good
        self.bad += bad
        if found is not None:
            images = np.array([one.picture.image for one in good], np.int64)
            self._found.append((images[found.picture], found))

    def write(self, store: Path) -> None:
        """Write the files of the shard, each whole, the scores last.

        Raises:
            UserError: if one cannot be written.
        """
        if self.bad:
            said = ({"image": b.picture.image, "path": b.picture.path, "reason": b.reason} for b in self.bad)
            write_whole(store / layout.bad_file(self.number), "".join(f"{json.dumps(row)}\n" for row in said))
        self._write_images(store / layout.images_file(self.number))
        self._write_scores(store / layout.scores_file(self.number))

    def _write_images(self, path: Path) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        columns = [
            [one.picture.image for one in self.good],
            [one.picture.path for one in self.good],
            [one.picture.label for one in self.good],
            [one.width for one in self.good],
            [one.height for one in self.good],
        ]
        schema = layout.image_schema().with_metadata(self._mark)
        table = pa.table([pa.array(c, f.type) for c, f in zip(columns, schema, strict=True)], schema=schema)
        write_with(path, lambda partial: pq.write_table(table, partial, compression="zstd"))

    def _write_scores(self, path: Path) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        schema = layout.score_schema(self.reductions).with_metadata(self._mark)
        feature = _joined([found.feature for _, found in self._found], np.int32)
        short = feature.astype(np.uint16) if self.features <= 2**16 else feature
        order = np.argsort(short, kind="stable")  # pictures come in their order; 16 bits are sorted by radix
        columns = [feature, _joined([image for image, _ in self._found], np.int64)]
        columns += [_joined([f.scores[:, j] for _, f in self._found], np.float32) for j in range(len(self.reductions))]
        columns += [_joined([getattr(f, name) for _, f in self._found], np.int16) for name in layout.PLACE]
        self._found.clear()
        table = pa.table([pa.array(column[order]) for column in columns], schema=schema)
        write_with(path, lambda partial: pq.write_table(table, partial, **layout.write_options(self.reductions)))


def _joined(parts: Sequence[np.ndarray], dtype: type) -> np.ndarray:
    return np.concatenate(parts) if parts else np.empty(0, dtype)
