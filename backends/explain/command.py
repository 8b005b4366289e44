"""`dview explain`: pictures for one feature, and a JSON of everything needed to repeat them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

import click

from distributional_view import flags
from distributional_view.choices import (
    BEST,
    RETRIEVALS,
    RUNS,
    WITHOUT_PICTURES,
    MethodName,
    PotentialName,
    Solver,
    Spacing,
)
from distributional_view.errors import UserError
from distributional_view.shell import Command

PICTURES, SAMPLES, DRAWS, CALIBRATED, LEAST = 5000, 256, 300, 16, 100
"""Defaults of --pool-size, with and without pictures, of --draws, of --runs, and of --check, which is the least."""
DEFAULT_LEVEL = 0.95
METHOD = click.Choice(get_args(MethodName), case_sensitive=False)


@click.command("explain", cls=Command)
@flags.BACKBONE
@flags.TRANSCODER
@flags.PRIOR
@flags.LABEL
@click.option(
    "--images",
    type=flags.FOLDER,
    help="Folder of images, searched in depth; to retrieve, or to learn from (hybrids).",
)
@flags.ON_BAD_PICTURE
@flags.EMBEDDED
@flags.FEATURE
@click.option("--target", type=float, help="Mean activation wanted, in place of --level.")
@click.option("--level", type=float, help="The same as a quantile of the activation's law. [default: 0.95]")
@click.option(
    "--pool-size",
    type=flags.COUNT,
    help="Pictures for the law and to learn from, drawn from --images unless these are retrieved; without, samples of "
    f"the prior. [default: {PICTURES}, samples {SAMPLES}]",
)
@click.option("--n", type=flags.COUNT, default=4, show_default=True, help="Pictures to show.")
@click.option(
    "--method",
    type=METHOD,
    metavar=f"[{'|'.join(METHOD.choices)}]",
    help=f"[default: {BEST} where there are pictures to learn from, else {WITHOUT_PICTURES}]",
)
@click.option(
    "--fresh", is_flag=True, help="Draw all pictures anew; else those of the calibration's last knob come first."
)
@click.option(
    "--keep",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of what several jobs share: learned potentials, slopes, samples. [default: `learned` beside --out]",
)
@click.option(
    "--potential",
    type=click.Choice(get_args(PotentialName)),
    default="pool",
    show_default=True,
    help="For the hybrids: H_t of the pictures themselves, or a network trained on them.",
)
@click.option(
    "--training", type=flags.COUNT, help="Steps of the training, for --potential learned. [default: as many as usual]"
)
@click.option(
    "--draws",
    type=click.IntRange(min=3),
    default=DRAWS,
    show_default=True,
    help="Pictures on which is measured what each noise level knows of the score, for the hybrids and FK-steering.",
)
@flags.OUT
@click.option(
    "--check",
    type=click.IntRange(min=0),
    default=LEAST,
    show_default=True,
    help="Unguided samples that new pictures are compared with, by their loss under the prior; 0: none.",
)
@click.option("--steps", type=flags.COUNT, help="Reverse steps. [default: 1000, embedded 20]")
@click.option(
    "--solver", type=click.Choice(get_args(Solver)), default="2M-SDE", show_default=True, help="Of the reverse steps."
)
@click.option(
    "--spacing",
    type=click.Choice(get_args(Spacing)),
    default="log-SNR",
    show_default=True,
    help="Where the noise levels of the steps lie.",
)
@click.option("--cap", type=float, help="Score beyond which a step of EnergyDPS is not guided. [default: none]")
@click.option("--knob", type=float, help="Strength (EnergyDPS) or multiplier to use without calibration.")
@click.option(
    "--start", type=float, help="First knob that a calibration tries. [default: multiplier of the pool, hybrid half]"
)
@click.option(
    "--runs",
    type=flags.COUNT,
    help="Pictures a calibration run, or particles. "
    f"[default: {CALIBRATED}, {', '.join(f'{name} {count}' for name, count in RUNS.items())}]",
)
@click.option("--tolerance", type=float, help="Of the mean activation. [default: 5 % of the target]")
@flags.REDUCTION
@flags.SHARE
@click.option(
    "--gated/--ungated",
    default=None,
    help="Codes, or pre-activations (a gradient everywhere). [default: codes, embedded pre-activations]",
)
@flags.HOOK
@flags.SIZE
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@flags.DEVICE
@flags.PRECISION
@click.option("--batch", type=flags.COUNT, help="Most pictures in one pass; changes no picture. [default: all]")
@click.option(
    "--attribution", is_flag=True, help="Also attribution.png: to which pixels of each picture its activation is owed."
)
@flags.RECOMPUTE
def explain(**options: Any) -> None:
    """Show pictures at a mean activation of a feature: retrieved, or sampled from a prior with guidance."""
    from rich.console import Console

    from distributional_view.backends.explain.run import Run

    check_target(options)
    if options["embedded"]:
        refuse_beside_embedded(click.get_current_context())
    if options["method"] is not None:
        check_method(options)
    Run(options, Console()).all()


def check_method(options: Mapping[str, Any]) -> None:
    """Raise `UserError` for an option that the method cannot take."""
    method = options["method"]
    if options["cap"] is not None and not method.startswith(WITHOUT_PICTURES):
        raise UserError(f"--cap ends the guidance of EnergyDPS, and {method} does not take it: leave it out")
    if 0 < options["check"] < LEAST:
        raise UserError(f"--check {options['check']}: must be 0, or at least {LEAST} samples")


def check_target(options: Mapping[str, Any]) -> None:
    """Raise `UserError` for a target beside a level, or a level or a start that is out of range."""
    level, start = options["level"], options["start"]
    if level is not None and options["target"] is not None:
        raise UserError("give one of --level and --target, not both")
    if level is not None and not 0 < level < 1:
        raise UserError(f"level = {level!r}: must be in (0, 1)")
    if start is not None and not start > 0:
        raise UserError(f"start = {start!r}: must be > 0")
    if options["target"] is not None:
        tolerance_of(options)


def tolerance_of(options: Mapping[str, Any]) -> float:
    """The tolerance asked for, or 5 % of the target; where nothing is calibrated, any.

    Raises:
        UserError: for a target of zero, which has no percentage.
    """
    if options["tolerance"] is not None:
        return float(options["tolerance"])
    if options["target"] == 0 and options["method"] not in RETRIEVALS and options["knob"] is None:
        raise UserError("--target 0 leaves no default for --tolerance, 5 % of the target: give --tolerance too")
    return abs(0.05 * options["target"]) or 1.0


def refuse_beside_embedded(context: click.Context) -> None:
    """The embedded backend brings its own networks and pictures: others, given beside it, would be ignored.

    Raises:
        UserError: if there are some.
    """
    names = ("backbone", "transcoder", "prior", "label", "images", "hook", "size", "on_bad_picture")
    given = [f"--{name}" for name in flags.given(context, names)]
    if given:
        raise UserError(f"--embedded brings its own networks and pictures: leave out {', '.join(given)}, or --embedded")
