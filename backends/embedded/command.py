"""The commands `python -m backends embedded-train` and `embedded-features`."""

from contextlib import ExitStack
from pathlib import Path
from typing import cast, get_args

import click
import torch
from PIL import Image
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from distributional_view.backends.embedded.animals import load_animals
from distributional_view.backends.embedded.features import all_scores, summarise, top_montage, write_summaries
from distributional_view.backends.embedded.store import WEIGHTS, Part, load_classifier, load_transcoder, weights_path
from distributional_view.backends.embedded.train import remove_checkpoints, train_part

PARTS: tuple[Part, ...] = get_args(Part)
"""In the order of training: the classifier sees what the prior makes of noise, the transcoder reads the classifier."""


@click.command("embedded-train")
@click.option("--part", type=click.Choice([*PARTS, "all"]), default="all", show_default=True, help="What to train.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), default=WEIGHTS, help="Folder of the weights.")
@click.option("--steps", type=click.IntRange(min=1), help="Steps of each part, in place of the usual numbers.")
@click.option("--threads", type=click.IntRange(min=1), default=1, show_default=True, help="Threads of torch.")
def embedded_train(part: str, out: Path, steps: int | None, threads: int) -> None:
    """Train the diffusion prior, the classifier and its transcoder on the animal pictures.

    About fifteen minutes. If it is killed, the same command goes on from the last checkpoint and ends in the same
    weights. Another number of threads may change the last digits.
    """
    torch.set_num_threads(threads)
    console = Console()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    table = Table("part", "measured", "value")
    for name in PARTS if part == "all" else (cast(Part, part),):
        with ExitStack() as stack:
            bar = stack.enter_context(Progress(*columns, console=console))
            task = bar.add_task(name, total=None)

            def report(done: int, total: int, loss: float, name: str = name) -> None:
                bar.update(task, completed=done, total=total, description=f"{name}, loss {loss:.3f}")  # noqa: B023

            record = train_part(name, out, steps, report)
        for what, value in record.measured.items():
            table.add_row(name, what, f"{value:.4g}")
    remove_checkpoints(out)
    console.print(table)
    console.print(
        f"{sum(weights_path(p, out).stat().st_size for p in PARTS if weights_path(p, out).exists())} bytes in {out}"
    )


@click.command("embedded-features")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), default=Path("results/embedded-features"))
@click.option("--weights", type=click.Path(path_type=Path, file_okay=False), default=WEIGHTS, help="Trained weights.")
@click.option("--shown", type=click.IntRange(min=1), default=9, show_default=True, help="Pictures a feature.")
def embedded_features(out: Path, weights: Path, shown: int) -> None:
    """Draw the top pictures of every live feature, tinted where it is active, to find names by looking."""
    torch.set_num_threads(1)
    classifier, (transcoder, hook) = load_classifier(weights), load_transcoder(weights)
    images, labels = (torch.cat(both) for both in zip(*load_animals(), strict=True))
    scores = all_scores(classifier, transcoder, hook, images)
    summaries = summarise(scores, labels)
    out.mkdir(parents=True, exist_ok=True)
    for s in summaries:
        sheet = top_montage(classifier, transcoder, hook, images, scores[:, s.index], s.index, shown)
        picture = Image.fromarray(sheet.numpy())
        larger = picture.resize((4 * picture.width, 4 * picture.height), Image.Resampling.NEAREST)
        larger.save(out / f"{s.index:03d}-{s.dominant}.png")
    write_summaries(summaries, out / "summaries.json")
    click.echo(f"{len(summaries)} live features of {scores.shape[1]} in {out}")
