"""`dview neurons`: what else could be explained, on the embedded world; imports nothing heavy.

Paper: Tables 7, 8, 9, Appendix L.
"""

from pathlib import Path

import click

from distributional_view.figures.options import JOBS, OUT, SEED, indices_of, levels_of


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
    out: Path, seed: int, quick: bool, objects: int | None, levels: str | None, methods: tuple[str, ...]
) -> None:
    """Features against single channels: whose explanation is more consistent (needs torch; minutes).

    It goes on where it stopped. Another level or method adds to what is there. On the embedded world alone: for real
    weights, `dview scan --neurons` makes a store of channels beside that of a transcoder's features.
    """
    from distributional_view.figures import artefact
    from distributional_view.figures.neurons import compute

    wanted = levels_of(levels)
    artefact.run(lambda progress: compute(out, seed, quick, objects, wanted, methods, progress), out)


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
    help="Any of `dview paradigms`; repeatable.  [default: MACO, retrieval, KLSC-weights, EnergyDPS, hybrid]",
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
) -> None:
    """The same methods for features of other layers of the classifier (needs torch; ten minutes).

    A layer without a transcoder gets a small one first. It goes on where it stopped. On the embedded world alone: for
    real weights, `dview explain` takes any transcoder, whose folder names its layer.
    """
    from distributional_view.figures import artefact
    from distributional_view.figures.layers import compute

    chosen = [] if hooks is None else [_hook(text) for text in hooks.split(",")]
    artefact.run(lambda progress: compute(out, seed, quick, chosen, features, methods, jobs, progress), out)


def _hook(text: str) -> tuple[int, int]:
    stage, _, block = text.partition(".")
    try:
        return int(stage), int(block)
    except ValueError:
        wanted = "stage.block, two whole numbers, such as 2.0"
        raise click.BadParameter(f"{text!r}: must be {wanted}", param_hint="--hooks") from None


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
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A folder of diffusers with a further prior, seen in grey at 32 pixels; repeatable.",
)
def priors(
    out: Path,
    seed: int,
    quick: bool,
    classes: str | None,
    features: str | None,
    priors: tuple[Path, ...],
) -> None:
    """The same features under a narrower prior, beside the tilt of it (needs torch; ten minutes).

    The world's prior is trained further on a few classes, in a folder of OUT. It goes on where it stopped. The features
    are those of the embedded world: for real weights, `dview explain --prior` takes another prior.
    """
    from distributional_view.figures import artefact
    from distributional_view.figures.priors import compute

    names, chosen = [] if classes is None else classes.split(","), indices_of(features)
    artefact.run(lambda progress: compute(out, seed, quick, names, chosen, priors, progress), out)
