"""`dview explain`: pictures for one feature, and a JSON of everything needed to repeat them."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

import click
from click.core import ParameterSource

from distributional_view.backends.choices import (
    RETRIEVALS,
    MethodName,
    OnBadPicture,
    Precision,
    ReductionName,
    Solver,
    Spacing,
)
from distributional_view.backends.options import LocalPaths, SamplerOptions, ScoreOptions, chosen
from distributional_view.errors import UserError
from distributional_view.files import write_json, write_with
from distributional_view.shell import Command

FOLDER = click.Path(path_type=Path)
COUNT = click.IntRange(min=1)
DEFAULT_LEVEL = 0.95
METHOD = click.Choice(get_args(MethodName), case_sensitive=False)


@click.command("explain", cls=Command)
@click.option("--backbone", type=FOLDER, help="Local DINOv3 ConvNeXt weights: .pth, transformers or timm.")
@click.option("--transcoder", type=FOLDER, help="Folder with config.json and sae_weights.safetensors.")
@click.option(
    "--prior",
    type=FOLDER,
    help="ADM ImageNet-256 checkpoint, or folder of diffusers (pixels, latents, Stable Diffusion); to sample from.",
)
@click.option("--label", type=str, help="Class (number or name), or prompt, of the prior. [default: none]")
@click.option("--images", type=FOLDER, help="Folder of images, searched in depth; for retrieval and KLSC-weights.")
@click.option(
    "--on-bad-picture",
    type=click.Choice(get_args(OnBadPicture)),
    default="skip",
    show_default=True,
    help="Leave out images that cannot be read, and list them; or stop.",
)
@click.option("--embedded", is_flag=True, help="Use the small backend that comes with the project in place of these.")
@click.option("--feature", type=int, required=True, help="Index of the feature.")
@click.option("--target", type=float, help="Mean activation wanted, in place of --level.")
@click.option("--level", type=float, help="The same as a quantile of the activation's law. [default: 0.95]")
@click.option(
    "--pool-size", type=COUNT, default=256, show_default=True, help="Samples of the prior where there are no pictures."
)
@click.option("--n", type=COUNT, default=4, show_default=True, help="Pictures to show.")
@click.option("--method", type=METHOD, default="EnergyDPS", show_default=True)
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="The job's folder; resumes."
)
@click.option("--steps", type=COUNT, help="Reverse steps. [default: 1000, embedded 20]")
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
@click.option("--cap", type=float, help="Score beyond which a step is not guided. [default: none]")
@click.option("--knob", type=float, help="Strength (twisted-SMC: multiplier) to use without calibration.")
@click.option("--start", type=float, help="First knob that the calibration tries. [default: multiplier of the pool]")
@click.option("--runs", type=COUNT, default=16, show_default=True, help="Pictures a calibration run, or particles.")
@click.option("--tolerance", type=float, help="Of the mean activation. [default: 5 % of the target]")
@click.option(
    "--reduction",
    type=click.Choice(get_args(ReductionName)),
    default="mix",
    show_default=True,
    help="Of the feature's map to a number.",
)
@click.option("--share", type=float, help="Of each side of the map that counts. [default: 0.5, embedded 1]")
@click.option(
    "--gated/--ungated",
    default=None,
    help="Codes, or pre-activations (a gradient everywhere). [default: codes, embedded pre-activations]",
)
@click.option("--hook", type=str, help="Stage and block, such as 2.20. [default: as the transcoder says]")
@click.option("--size", type=COUNT, default=256, show_default=True, help="Side of the images.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option("--device", default="cpu", show_default=True)
@click.option(
    "--precision", type=click.Choice(get_args(Precision)), default="float32", show_default=True, help="In the models."
)
@click.option("--batch", type=COUNT, help="Most pictures in one pass; changes no picture. [default: all]")
@click.option("--recompute", is_flag=True, help="Gradient checkpointing of the prior: less memory, more time.")
def explain(**options: Any) -> None:
    """Show pictures at a mean activation of a feature: retrieved, or sampled by EnergyDPS."""
    import torch
    from rich.console import Console

    from distributional_view.backends.explain.grid import save_grid
    from distributional_view.backends.explain.job import explain as run
    from distributional_view.backends.explain.law import law_scores, level_target, placed
    from distributional_view.backends.explain.methods import Request
    from distributional_view.backends.explain.sources import embedded_source, local_source
    from distributional_view.backends.jobs import usable
    from distributional_view.terminal import progress_bar

    console, out = Console(), options["out"]
    check_target(options)
    if options["target"] is not None:
        tolerance_of(options)
    method = options["method"]
    score, sampler = chosen(ScoreOptions, options), chosen(SamplerOptions, options)
    usable(sampler.device)
    if options["embedded"]:
        refuse_beside_embedded(click.get_current_context())
        source = embedded_source(score, sampler)
    else:
        with progress_bar(console) as report:
            source = local_source(chosen(LocalPaths, options), method, score, sampler, out / ".pictures.json", report)
        if source.said:
            console.print(source.said, highlight=False, markup=False)
    with progress_bar(console) as report:
        scores = law_scores(
            out / "law",
            source.score,
            source.pool,
            source.world,
            options["pool_size"],
            options["seed"],
            sampler.solver,
            source.origin,
            report,
            source.contents,
        )
    if options["target"] is None:
        options["target"] = level_target(scores, DEFAULT_LEVEL if options["level"] is None else options["level"])
    law = placed(scores, options["target"])
    doubts = law.doubts(options["n"])
    console.print(law.words(), *doubts, sep="\n", highlight=False)
    if law.target > law.largest and options["knob"] is None:
        raise UserError(f"{doubts[0]}: choose a --level, a smaller --target, or a --knob to sample without calibration")
    options["start"] = options["start"] or law.multiplier or 1.0
    options["tolerance"] = tolerance_of(options)
    request = chosen(Request, options)
    known = None if source.pool is None else scores  # of the law's own sample, where there is no pool
    with progress_bar(console) as report:
        found = run(
            request, out, source.world, source.pool, source.score, source.origin, report, source.contents, known
        )
    title = f"{options['method']}, mean {found.numbers['mean']:.4g}"
    write_with(out / "grid.png", lambda partial: save_grid(found.images, found.scores, partial, title))
    job = json.loads((out / "job.json").read_text())
    result = {
        **job,
        **found.numbers,
        "law": law._asdict(),
        "doubts": doubts,
        "activations": found.scores.tolist(),
        "torch": torch.__version__,
    }
    write_json(out / "explanation.json", result)
    reached = found.numbers.get("calibration_mean")
    beside = f"target {request.target:g}" + ("" if reached is None else f"; in the calibration {reached:.4g}")
    console.print(
        f"feature {options['feature']}: mean activation {found.numbers['mean']:.4g} ({beside}), "
        f"shown {', '.join(f'{s:.3g}' for s in found.scores)}",
        highlight=False,
    )
    strength = found.numbers.get("strength")
    if strength is not None and law.multiplier is not None:
        console.print(f"strength {strength:.4g}, {strength / law.multiplier:.2f} of the pool's beta", highlight=False)
    console.print(f"wrote {out / 'grid.png'}\nwrote {out / 'explanation.json'}", highlight=False)


def check_target(options: Mapping[str, Any]) -> None:
    """Raise `UserError` for a target beside a level, or a level or a start that is out of range."""
    level, start = options["level"], options["start"]
    if level is not None and options["target"] is not None:
        raise UserError("give one of --level and --target, not both")
    if level is not None and not 0 < level < 1:
        raise UserError(f"level = {level!r}: must be in (0, 1)")
    if start is not None and not start > 0:
        raise UserError(f"start = {start!r}: must be > 0")


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
    given = [
        f"--{name.replace('_', '-')}"
        for name in names
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE
    ]
    if given:
        raise UserError(f"--embedded brings its own networks and pictures: leave out {', '.join(given)}, or --embedded")
