"""The command that trains a transcoder on a DINOv3 backbone and a folder of images."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import get_args

import click
import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from distributional_view.backends.transcoders.transcoder import Activation


@click.command("train-transcoder")
@click.option("--images", type=click.Path(path_type=Path), required=True, help="Folder of images, searched in depth.")
@click.option("--backbone", type=click.Path(path_type=Path), required=True, help="Local DINOv3 ConvNeXt weights.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Where the transcoder goes; resumes there.")
@click.option("--stage", type=int, default=2, show_default=True, help="Stage of the hook, from zero.")
@click.option("--block", type=int, default=20, show_default=True, help="Block whose input is read, from zero.")
@click.option("--expansion", type=int, default=32, show_default=True, help="Features a channel.")
@click.option("--kernel", type=int, default=7, show_default=True, help="Side of the encoder's kernel, odd; 1: an SAE.")
@click.option("--activation", type=click.Choice(get_args(Activation)), default="topk", show_default=True)
@click.option("--top-k", type=int, required=True, help="Codes a position.")
@click.option("--learning-rate", type=float, required=True)
@click.option("--steps", type=int, required=True, help="Most steps.")
@click.option("--until", type=float, default=None, help="Explained variance at which to stop earlier.")
@click.option("--sparsity-weight", type=float, default=0.0, show_default=True)
@click.option("--aux-weight", type=float, default=1 / 32, show_default=True, help="Of the dead features' loss.")
@click.option("--batch", type=int, default=16, show_default=True, help="Images a step.")
@click.option("--size", type=int, default=256, show_default=True, help="Side of the images.")
@click.option("--held-out", type=int, default=256, show_default=True, help="Images kept for the explained variance.")
@click.option("--check-every", type=int, default=500, show_default=True)
@click.option("--save-every", type=int, default=500, show_default=True)
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--device", default="cpu", show_default=True)
def train_transcoder(
    images: Path,
    backbone: Path,
    out: Path,
    stage: int,
    block: int,
    expansion: int,
    kernel: int,
    activation: Activation,
    top_k: int,
    learning_rate: float,
    steps: int,
    until: float | None,
    sparsity_weight: float,
    aux_weight: float,
    batch: int,
    size: int,
    held_out: int,
    check_every: int,
    save_every: int,
    seed: int,
    device: str,
) -> None:
    """Train a transcoder and write it in the published format. A killed run goes on when called again."""
    from distributional_view.backends.adapter.feature import imagenet_normalise
    from distributional_view.backends.transcoders.checkpoint import publish, save
    from distributional_view.backends.transcoders.train import Settings, Status, TrainingDiverged, train
    from distributional_view.backends.transcoders.transcoder import TranscoderSpec
    from distributional_view.backends.zoo.dinov3 import load_backbone
    from distributional_view.backends.zoo.images import ImageBatches, UnreadableImage, image_files
    from distributional_view.theory.errors import require

    console = Console()
    try:
        files = image_files(images)
        room = 0 < held_out <= len(files) - batch
        require(room, "held-out", held_out, f"in [1, {len(files) - batch}], the images beyond one batch")
        order = np.random.default_rng(seed).permutation(len(files))
        kept, rest = ([files[i] for i in part] for part in (order[:held_out], order[held_out:]))
        network = load_backbone(backbone, (stage, block), device=device)
        spec = TranscoderSpec(
            d_in=network.channels,
            d_sae=network.channels * expansion,
            kernel_size=kernel,
            activation=activation,
            top_k=top_k,
            decoder_norm_scaling=True,
            dataset_norm=True,
        )
        settings = Settings(
            steps=steps,
            learning_rate=learning_rate,
            until=until,
            sparsity_weight=sparsity_weight,
            aux_weight=aux_weight,
            check_every=check_every,
            save_every=save_every,
        )

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=console) as bar:
            task = bar.add_task("training", total=steps)

            def show(status: Status) -> None:
                numbers = f"loss {status.loss:.4f}, {status.active:.1f} active, {status.silent} silent"
                bar.update(task, completed=status.step, description=numbers)

            result = train(
                spec,
                lambda x: (network(imagenet_normalise(x)),) * 2,
                ImageBatches(rest, size, batch, seed),
                ImageBatches(kept, size, min(batch, held_out), seed),
                settings,
                seed,
                out,
                device,
                show,
            )
    except (ValueError, OSError, TrainingDiverged, UnreadableImage) as error:
        raise click.ClickException(str(error)) from error
    save(out, publish(result.transcoder, network.hook_name))
    record = {
        "spec": asdict(spec),
        "settings": asdict(settings),
        "seed": seed,
        "steps": result.steps,
        "reached": result.reached,
        "history": [{"step": step, **evaluation._asdict()} for step, evaluation in result.history],
    }
    (out / "training.json").write_text(json.dumps(record, indent=2) + "\n")
    last = result.evaluation
    console.print(
        f"explained variance {last.explained_variance:.4f} on {last.positions} held-out positions, "
        f"{last.active:.1f} active codes a position, {last.silent} of {spec.d_sae} features silent there"
    )
    if until is not None:
        console.print(f"target {until}: {'reached' if result.reached else 'not reached'} after {result.steps} steps")
