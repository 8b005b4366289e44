"""The commands `dview embedded-train`, `embedded-features` and `embedded-pool`."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import cast

import click

from distributional_view.backends.embedded.parts import PARTS, WEIGHTS, Part
from distributional_view.files import write_with
from distributional_view.jobs import LOCK
from distributional_view.locks import held
from distributional_view.shell import Command

FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command("embedded-train", cls=Command)
@click.option("--part", type=click.Choice([*PARTS, "all"]), default="all", show_default=True, help="What to train.")
@click.option("--out", type=FOLDER, default=WEIGHTS, help="Folder of the weights. [default: the project's own]")
@click.option("--steps", type=click.IntRange(min=1), help="Steps of each part, in place of the usual numbers.")
@click.option("--threads", type=click.IntRange(min=1), default=1, show_default=True, help="Threads of torch.")
def embedded_train(part: str, out: Path, steps: int | None, threads: int) -> None:
    """Train the diffusion prior, the classifier and its transcoder on the animal pictures.

    About an hour, most of it for the prior. If it is killed, the same command goes on from the last checkpoint and ends
    in the same weights. Another number of threads may change the last digits.
    """
    import torch
    from rich.console import Console

    from distributional_view.backends.embedded.store import weights_path
    from distributional_view.backends.embedded.train import remove_checkpoints, train_part
    from distributional_view.terminal import Table, progress_bar

    torch.set_num_threads(threads)
    console = Console()
    rows: list[tuple[str, str, str]] = []
    parts = PARTS if part == "all" else (cast(Part, part),)
    with held(out / LOCK, str(out)):
        for name in parts:
            with progress_bar(console) as bar:
                record = train_part(name, out, steps, partial(_told, bar, name))
            rows += [(name, what, f"{value:.4g}") for what, value in record.measured.items()]
        remove_checkpoints(out, parts)
    Table("trained", ("part", "measured", "value"), rows, words=("part", "measured"), keys=1).show(console)
    sizes = [weights_path(name, out).stat().st_size for name in PARTS if weights_path(name, out).exists()]
    console.print(f"{sum(sizes)} bytes in {out}")


def _told(bar: Callable[[str, int, int], None], name: str, what: str, done: int, total: int) -> None:
    bar(f"{name}, {what}", done, total)


@click.command("embedded-features", cls=Command)
@click.option("--out", type=FOLDER, default=Path("results/embedded-features"), show_default=True)
@click.option("--weights", type=FOLDER, default=WEIGHTS, help="Trained weights. [default: the project's own]")
@click.option("--shown", type=click.IntRange(min=1), default=9, show_default=True, help="Pictures a feature.")
def embedded_features(out: Path, weights: Path, shown: int) -> None:
    """Draw the top pictures of every live feature, tinted where it is active, to find names by looking."""
    import torch
    from PIL import Image

    from distributional_view.backends.embedded.animals import load_animals
    from distributional_view.backends.embedded.features import every_activation, summarise, top_montage, write_summaries
    from distributional_view.backends.embedded.store import load_classifier, load_transcoder

    torch.set_num_threads(1)
    classifier, (transcoder, hook) = load_classifier(weights), load_transcoder(weights)
    images, labels = (torch.cat(both) for both in zip(*load_animals(), strict=True))
    scores = every_activation(classifier, transcoder, hook, images)
    summaries = summarise(scores, labels)
    for s in summaries:
        sheet = top_montage(classifier, transcoder, hook, images, scores[:, s.index], s.index, shown)
        picture = Image.fromarray(sheet.numpy())
        larger = picture.resize((4 * picture.width, 4 * picture.height), Image.Resampling.NEAREST)
        write_with(out / f"{s.index:03d}-{s.dominant}.png", larger.save)
    write_summaries(summaries, out / "summaries.json")
    click.echo(f"{len(summaries)} live features of {scores.shape[1]} in {out}")


@click.command("embedded-pool", cls=Command)
@click.option("--n", type=click.IntRange(min=1), default=20_000, show_default=True, help="Pictures, in parts of 500.")
@click.option("--out", type=FOLDER, default=Path("results/prior-pool"), show_default=True)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of all random numbers.")
@click.option("--threads", type=click.IntRange(min=1), default=1, show_default=True, help="Threads of torch.")
def embedded_pool(n: int, out: Path, seed: int, threads: int) -> None:
    """Sample the embedded prior without guidance, to be reweighted to any feature's level.

    If it is killed, the same command goes on; with a larger N it goes on from a smaller one. A folder of another prior
    is refused. `dview samplers` reads it.
    """
    import torch
    from rich.console import Console

    from distributional_view.backends.embedded.animals import CLASSES
    from distributional_view.backends.embedded.prior_pool import PoolPlan, prior_pool
    from distributional_view.terminal import Table, progress_bar

    torch.set_num_threads(threads)
    console = Console()
    with progress_bar(console) as progress:
        pool = prior_pool(out, n, PoolPlan(seed=seed), progress)
    shares = torch.bincount(torch.as_tensor(pool.labels), minlength=len(CLASSES)) / len(pool)
    rows = [(name, f"{share:.1%}") for name, share in zip(CLASSES, shares.tolist(), strict=True)]
    Table("what the classifier sees in the pool", ("class", "share"), rows, words=("class",)).show(console)
    console.print(f"{len(pool)} pictures in {out}", highlight=False)
