"""Ray Data as the engine: shards are the rows of a data set, and each worker, an actor with the networks, makes some.

A worker does what the plain loop does with its shard, so that the stores are equal, row for row. A shard is written
whole by the worker that made it: pixels and scores never travel, and a worker that dies costs the shard in its hands,
which Ray gives to another. `RAY_ADDRESS` leads to a cluster, whose machines see the store under the same path.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from distributional_view.backends.scan.build import build
from distributional_view.backends.scan.decoding import Decoding
from distributional_view.backends.scan.manifest import Manifest
from distributional_view.backends.scan.recipe import Recipe
from distributional_view.backends.scan.run import Effort, Rate
from distributional_view.backends.scan.work import Counted, Work
from distributional_view.backends.store import layout
from distributional_view.backends.store.layout import Identity
from distributional_view.errors import UserError


class Worker:
    """An actor: builds the networks once, then makes the shards that it is given.

    Args:
        store: the folder.
        identity: of the store.
        manifest: reference to the pictures in Ray's memory.
        recipe: the networks.
        decoding: how pictures are read.
    """

    def __init__(self, store: Path, identity: Identity, manifest: Any, recipe: Recipe, decoding: Decoding) -> None:
        import ray

        pictures: Manifest = ray.get(manifest)
        self.work = Work(store, identity, pictures, build(recipe).scorer, decoding)

    def __call__(self, rows: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Make the shards of a batch of rows; one whose file is there was finished before its worker died."""
        there = set(layout.finished(self.work.store))
        try:
            counts = [Counted() if k in there else self.work.make([k]) for k in rows["shard"].tolist()]
            refused = ""
        except UserError as error:  # as a row: Ray would wrap it in its own words
            counts, refused = [Counted()] * len(rows["shard"]), str(error)
        return {
            "refused": np.array([refused] * len(counts), dtype=object),
            "shard": rows["shard"],
            "read": np.array([count.read for count in counts]),
            "bad": np.array([count.bad for count in counts]),
            "first": np.array([count.first for count in counts], dtype=object),
        }


def make(work: Work, recipe: Recipe, effort: Effort, shards: Sequence[int], told: Rate) -> Counted:
    """Make some shards with Ray's workers.

    Raises:
        UserError: if Ray is not installed, or a worker refuses.
        ray.exceptions.RayError: whatever else happens in a worker.
    """
    try:
        import ray
    except ImportError:
        raise UserError("engine = 'ray': needs Ray: pip install 'distributional-view[ray]'") from None
    ours = not ray.is_initialized()
    if ours:
        ray.init(
            address=os.environ.get("RAY_ADDRESS"), log_to_driver=False, include_dashboard=False, configure_logging=False
        )
    ray.data.DataContext.get_current().enable_progress_bars = False
    gpus = recipe.device.startswith("cuda")
    workers = effort.workers or max(2, int(ray.cluster_resources().get("GPU", 0)))
    held = ray.put(work.manifest)
    rows = ray.data.from_items([{"shard": k} for k in shards], override_num_blocks=len(shards))
    done = rows.map_batches(
        Worker,
        batch_size=1,
        compute=ray.data.ActorPoolStrategy(size=min(workers, len(shards))),
        num_gpus=1 if gpus else 0,
        fn_constructor_args=(work.store.absolute(), work.identity, held, recipe, work.decoding),
    )
    count = Counted()
    try:
        for row in done.iter_rows():
            if row["refused"]:
                raise UserError(str(row["refused"]))
            count += Counted(int(row["read"]), int(row["bad"]), str(row["first"]))
            told(len(work.identity.block(int(row["shard"]))))
    finally:
        if ours:
            ray.shutdown()
    return count
