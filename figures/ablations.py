"""`dview neurons`, `layers`, `priors`: what else could be explained; imports nothing heavy.

Paper: Tables 7, 8, 9, Appendix L.
"""

from pathlib import Path
from typing import Any

import click
from rich.console import Console

from distributional_view import flags
from distributional_view.errors import UserError
from distributional_view.figures.options import (
    JOBS,
    LEVEL,
    OF_CELLS,
    OF_SEARCHES,
    OUT,
    SEED,
    SEEDS,
    WORDS,
    indices_of,
    levels_of,
)

_IMAGES = click.option("--images", type=flags.FOLDER, help="Folder of images, searched in depth; one of five judges.")


_NEURONS = (
    *flags.local(_IMAGES),
    flags.INCEPTION,
    click.option("--label-folders", is_flag=True, help="The folder that a picture lies in is its word."),
    *(o for o in OF_CELLS if o is not SEEDS),
)


@click.command("neurons")
@OUT
@SEED
@click.option("--quick", is_flag=True, help="Twelve objects of each kind: a minute.")
@click.option("--objects", type=click.IntRange(min=2), help="Features, and at most as many channels.  [default: 100]")
@click.option("--levels", help="Quantiles of an object's activation, each in (0, 1).  [default: 0.99]")
@click.option(
    "--method",
    "methods",
    multiple=True,
    help="Any of `dview paradigms`; repeatable. Those that sample take a minute an object.  [default: KLSC-weights, "
    "retrieval]",
)
def neurons(
    out: Path,
    seed: int,
    quick: bool,
    objects: int | None,
    levels: str | None,
    methods: tuple[str, ...],
    **mine: Any,
) -> None:
    """Features against single channels: whose explanation is more consistent (needs torch; minutes).

    It goes on where it stopped. Another level or method adds to what is there. On the embedded world, or, with
    --backbone and the options after it, on weights and pictures of your own.
    """
    from distributional_view.figures import artefact

    wanted = levels_of(levels)
    if _own(mine, ()):
        from distributional_view.figures.neurons_own import compute as own

        console = Console()
        artefact.run(
            lambda progress: own(out, seed, quick, objects, wanted, methods, mine, console, progress), out, console
        )
        return
    from distributional_view.figures.neurons import compute

    artefact.run(lambda progress: compute(out, seed, quick, objects, wanted, methods, progress), out)


for _option in _NEURONS:
    neurons = _option(neurons)


_LAYERS = (
    *(o for o in flags.local(_IMAGES) if o not in (flags.TRANSCODER, flags.HOOK)),
    click.option(
        "--transcoder",
        type=flags.FOLDER,
        multiple=True,
        help="Folder with config.json and sae_weights.safetensors, which names its layer; repeatable.",
    ),
    WORDS,
    flags.INCEPTION,
    click.option("--levels", help="Quantiles of the activation, each in (0, 1).  [default: 0.95]"),
    *OF_CELLS,
    *OF_SEARCHES,
)


@click.command("layers")
@OUT
@SEED
@click.option("--quick", is_flag=True, help="Two layers, one feature each, a short training: two minutes.")
@click.option("--hooks", help="Layers as stage.block, both from 0, such as 1.0,2.0.  [default: 1.0,2.0,3.0]")
@click.option("--features", type=click.IntRange(min=1), help="Random live features of each layer.  [default: 3]")
@click.option(
    "--method",
    "methods",
    multiple=True,
    help="Any of `dview paradigms`; repeatable.  [default: MACO, retrieval, KLSC-weights, EnergyDPS, hybrid; own "
    "weights all]",
)
@JOBS
def layers(
    out: Path,
    seed: int,
    quick: bool,
    hooks: str | None,
    features: int | None,
    methods: tuple[str, ...],
    jobs: int,
    **mine: Any,
) -> None:
    """The same methods for features of other layers of the classifier (needs torch; ten minutes).

    A layer without a transcoder gets a small one first. It goes on where it stopped. On the embedded world, or, with
    --backbone and the options after it, on weights and pictures of your own, with a --transcoder for each layer.
    """
    from distributional_view.figures import artefact

    if _own(mine, ("hooks", "jobs")):
        from distributional_view.figures.layers_own import compute as own

        wanted, console, options = levels_of(mine["levels"]), Console(), {**mine, "features": features}
        artefact.run(lambda progress: own(out, seed, quick, wanted, methods, options, console, progress), out, console)
        return
    from distributional_view.figures.layers import compute

    chosen = [] if hooks is None else [_hook(text) for text in hooks.split(",")]
    artefact.run(lambda progress: compute(out, seed, quick, chosen, features, methods, jobs, progress), out)


for _option in _LAYERS:
    layers = _option(layers)


def _own(mine: dict[str, Any], embedded: tuple[str, ...]) -> bool:
    """Whether weights of the user's own are asked for.

    Args:
        mine: the options that say so.
        embedded: options of the embedded world alone.

    Raises:
        UserError: if both are given.
    """
    context = click.get_current_context()
    if not flags.given(context, mine):
        return False
    if found := flags.given(context, embedded):
        raise UserError(
            f"{', '.join(f'--{name}' for name in found)}: of the embedded world: must be left out beside weights of "
            "your own"
        )
    return True


def _hook(text: str) -> tuple[int, int]:
    stage, _, block = text.partition(".")
    try:
        return int(stage), int(block)
    except ValueError:
        wanted = "stage.block, two whole numbers, such as 2.0"
        raise click.BadParameter(f"{text!r}: must be {wanted}", param_hint="--hooks") from None


_PRIORS = (
    *(o for o in flags.local(_IMAGES) if o is not flags.PRIOR),
    flags.INCEPTION,
    click.option("--feature", "own", type=int, multiple=True, help="Index of a feature; repeatable."),
    LEVEL,
    click.option("--samples", type=flags.COUNT, help="Unguided samples of each prior.  [default: 1000, quick 64]"),
    *(o for o in OF_CELLS if o is not SEEDS),
)


@click.command("priors")
@OUT
@SEED
@click.option("--quick", is_flag=True, help="Two features, few pictures, a short training: two minutes.")
@click.option("--classes", help="Of the narrow prior, such as cow,horse.  [default: cow,horse,sheep]")
@click.option("--features", help="Indices of named features, such as 457,482.  [default: the first four]")
@click.option(
    "--prior",
    "priors",
    multiple=True,
    type=click.Path(exists=True, path_type=Path),
    help="A folder of diffusers, seen in grey at 32 pixels in the embedded world, or an ADM checkpoint; repeatable.",
)
def priors(
    out: Path,
    seed: int,
    quick: bool,
    classes: str | None,
    features: str | None,
    priors: tuple[Path, ...],
    **mine: Any,
) -> None:
    """The same features under a narrower prior, beside the tilt of it (needs torch; ten minutes).

    The world's prior is trained further on a few classes, in a folder of OUT. It goes on where it stopped. Or, with
    --backbone and the options after it, weights and pictures of your own under each --prior.
    """
    from distributional_view.figures import artefact

    if _own(mine, ("classes", "features")):
        from distributional_view.figures.priors_own import compute as own

        console = Console()
        artefact.run(lambda progress: own(out, seed, quick, priors, mine, console, progress), out, console)
        return
    from distributional_view.figures.priors import compute

    names, chosen = [] if classes is None else classes.split(","), indices_of(features)
    artefact.run(lambda progress: compute(out, seed, quick, names, chosen, priors, progress), out)


for _option in _PRIORS:
    priors = _option(priors)
