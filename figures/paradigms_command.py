"""`dview paradigms`: on the embedded world, or on weights and pictures that the user has; imports nothing heavy."""

from pathlib import Path
from typing import Any

import click
from rich.console import Console

from distributional_view import flags
from distributional_view.errors import UserError
from distributional_view.figures.options import JOBS, OF_CELLS, OF_SEARCHES, OUT, SEED, WORDS, indices_of, levels_of

EMBEDDED = ("features", "jobs")
"""Options of the embedded world alone."""
LOCAL = (
    *flags.local(
        click.option("--images", type=flags.FOLDER, help="Folder of images, searched in depth; one of five judges.")
    ),
    WORDS,
    flags.INCEPTION,
    click.option("--feature", "own", type=int, multiple=True, help="Index of a feature; repeatable."),
    *OF_CELLS,
    *OF_SEARCHES,
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
    if flags.given(click.get_current_context(), tuple(mine)):
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
    if found := flags.given(context, EMBEDDED):
        raise UserError(
            f"{', '.join(f'--{name}' for name in found)}: of the embedded world: must be left out beside weights of "
            "your own, whose features are each a --feature, in one process"
        )
