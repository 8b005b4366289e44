"""`dview paradigms`: on the embedded world, or on weights and pictures that the user has; imports nothing heavy."""

from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource
from rich.console import Console

from distributional_view.errors import UserError
from distributional_view.figures.options import JOBS, OUT, SEED, indices_of, levels_of

_PATH, _COUNT = click.Path(path_type=Path), click.IntRange(min=1)
EMBEDDED = ("features", "jobs")
"""Options of the embedded world alone."""
LOCAL = (
    click.option("--backbone", type=_PATH, help="Local DINOv3 ConvNeXt weights: .pth, transformers or timm."),
    click.option("--transcoder", type=_PATH, help="Folder with config.json and sae_weights.safetensors."),
    click.option("--images", type=_PATH, help="Folder of images, searched in depth; one of five judges."),
    click.option(
        "--prior", type=_PATH, help="ADM ImageNet-256 checkpoint, or folder of diffusers; for EnergyDPS and hybrid."
    ),
    click.option("--label", help="Class (number or name), or prompt, of the prior. [default: none]"),
    click.option(
        "--words",
        type=_PATH,
        help="Folder of Stable Diffusion, for the methods that look for a prompt. [default: the prior, if it is one]",
    ),
    click.option("--inception", type=_PATH, help="TorchScript file of Inception. [default: KID on the backbone]"),
    click.option("--feature", "own", type=int, multiple=True, help="Index of a feature; repeatable."),
    click.option("--hook", help="Stage and block, such as 2.20. [default: as the transcoder says]"),
    click.option(
        "--reduction",
        type=click.Choice(["mix", "max", "mean", "logsumexp"]),
        default="mix",
        show_default=True,
        help="Of the feature's map to a number.",
    ),
    click.option("--share", type=float, help="Of each side of the map that counts. [default: 0.5]"),
    click.option(
        "--gated/--ungated",
        default=None,
        help="Codes, or pre-activations, which have a gradient everywhere. [default: codes]",
    ),
    click.option("--size", type=_COUNT, default=256, show_default=True, help="Side of the images."),
    click.option(
        "--pool-size", type=_COUNT, default=5000, show_default=True, help="Images to take, at random, of the folder."
    ),
    click.option(
        "--on-bad-picture",
        type=click.Choice(["skip", "stop"]),
        default="skip",
        show_default=True,
        help="Leave out images that cannot be read, and list them; or stop.",
    ),
    click.option("--n", type=click.IntRange(min=2), help="Pictures a cell. [default: 12, quick 4]"),
    click.option("--seeds", type=_COUNT, help="Draws of each method at a level. [default: 1]"),
    click.option("--steps", type=_COUNT, help="Reverse steps of all priors. [default: 50, quick 10]"),
    click.option("--runs", type=_COUNT, help="Pictures a calibration run. [default: 16, quick 4]"),
    click.option(
        "--ascent",
        type=_COUNT,
        help="Most steps of the methods that optimise pictures. [default: as published, 512 to 2000; quick 32]",
    ),
    click.option(
        "--prompt", type=_COUNT, help="Iterations of a search for a prompt. [default: 1000 as published, quick 8]"
    ),
    click.option(
        "--tried", type=_COUNT, help="Single words that a search tries first. [default: 1000 as published, quick 20]"
    ),
    click.option("--device", default="cpu", show_default=True),
    click.option(
        "--precision",
        type=click.Choice(["float32", "bfloat16", "float16"]),
        default="float32",
        show_default=True,
        help="In the models.",
    ),
    click.option(
        "--batch", type=_COUNT, default=8, show_default=True, help="Most pictures in one pass of a prior or a score."
    ),
    click.option("--recompute", is_flag=True, help="Gradient checkpointing of the prior: less memory, more time."),
)
"""Options of local weights, as those of `dview explain`."""


@click.command("paradigms")
@OUT
@SEED
@click.option("--quick", is_flag=True, help="Few features, levels, pictures and steps: two minutes.")
@click.option("--features", help="Indices of named features, such as 457,417.  [default: the first six]")
@click.option(
    "--levels", help="Quantiles of the activation, each in (0, 1).  [default: 0.8,0.95,0.99; own weights 0.95]"
)
@JOBS
def paradigms(
    out: Path, seed: int, quick: bool, features: str | None, levels: str | None, jobs: int, **mine: Any
) -> None:
    """All paradigms of Table 1 at the same activation of a feature (needs torch; forty minutes).

    It goes on where it stopped. Another level or feature adds to what is there. On the embedded world, or, with
    --backbone and the options after it, on weights and pictures of your own; methods that lack what they need are left
    out then, and told of.
    """
    from distributional_view.figures import artefact

    wanted = levels_of(levels)
    if _given(click.get_current_context(), tuple(mine)):
        from distributional_view.figures.paradigms_local import compute_local

        refuse_embedded(click.get_current_context())
        console = Console()
        artefact.run(lambda progress: compute_local(out, seed, quick, wanted, mine, console, progress), out, console)
    else:
        from distributional_view.figures.paradigms import compute

        chosen = indices_of(features)
        artefact.run(lambda progress: compute(out, seed, quick, jobs, chosen, wanted, progress), out)


for _option in LOCAL:
    paradigms = _option(paradigms)


def refuse_embedded(context: click.Context) -> None:
    """Raise `UserError` for an option of the embedded world beside local weights."""
    given = _given(context, EMBEDDED)
    if given:
        raise UserError(
            f"{', '.join(f'--{name}' for name in given)}: of the embedded world: must be left out beside weights of "
            "your own, whose features are each a --feature, in one process"
        )


def _given(context: click.Context, names: tuple[str, ...]) -> list[str]:
    return [name for name in names if context.get_parameter_source(name) is ParameterSource.COMMANDLINE]
