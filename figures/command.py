"""The commands of this room: the paper's tables and figures, the report, the embedded backend.

python -m figures [table2 | fig1 | fig3 | drift | bottleneck | strength | typical | all] ... [--out results] [--seed 0]
                  [--quick]
python -m figures report activations.npy ...   any feature's activations: `figures.report`
python -m figures embedded                     features of the embedded backend: `figures.embedded`
python -m figures samplers                     which sampler reaches the tilt: `figures.samplers`
python -m figures paradigms                    all methods of Table 1 on pictures: `figures.paradigms`
python -m figures neurons                      features against single channels: `figures.neurons`
python -m figures layers                       the same methods at other layers: `figures.layers`
python -m figures priors                       the same features under another prior: `figures.priors`
python -m figures levels                       how the evidence changes with the level: `figures.levels`

A command imports what it needs when it runs, so that its help is there at once.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from distributional_view.errors import UserError
from distributional_view.figures.ablations import layers, neurons, priors
from distributional_view.figures.on_pictures import levels
from distributional_view.figures.options import JOBS, OUT, SEED, indices_of, levels_of
from distributional_view.figures.paradigms_command import paradigms
from distributional_view.figures.pictures_command import OPTIONS, SAYS, make_on_pictures
from distributional_view.figures.registry import NAMES
from distributional_view.files import shown
from distributional_view.shell import Group

QUICK = click.option(
    "--quick", is_flag=True, help="Fewer samples and pixels: larger standard errors, a fraction of the time."
)
ALL = "all"
ALL_HELP = "Regenerate the paper's tables and figures (all of them by default)."


def figure_command(name: str) -> click.Command:
    """The command that makes one artefact.

    Args:
        name: a key of `figures.registry.NAMES`, or "all".
    """
    names = list(NAMES) if name == ALL else [name]
    words = "All tables and figures." if name == ALL else f"{name}: {NAMES[name].shows}."

    @click.command(name, help="\n\n".join([words, *([SAYS[name]] if name in SAYS else [])]))
    @OUT
    @SEED
    @QUICK
    def command(out: Path, seed: int, quick: bool, **of_pictures: Any) -> None:
        if not make_on_pictures(name, out, seed, quick, of_pictures):
            make(names, out, seed, quick)

    for option in OPTIONS.get(name, ()):
        command = option(command)
    return command


def make(names: Sequence[str], out: Path, seed: int, quick: bool) -> None:
    """Compute, show and save the named artefacts, on the world of the paper."""
    import jax
    import matplotlib as mpl

    from distributional_view.figures.artefact import Settings, produce
    from distributional_view.terminal import tell
    from distributional_view.toy.world import paper_world

    jax.config.update("jax_enable_x64", True)
    mpl.use("Agg")
    console, settings = Console(), Settings(paper_world(), seed, quick)
    for name in names:
        tell(console, produce(name, settings, out, console))


@click.command("paper", help=ALL_HELP)
@click.argument("names", nargs=-1, type=click.Choice([*NAMES, ALL]))
@OUT
@SEED
@QUICK
def paper(names: tuple[str, ...], out: Path, seed: int, quick: bool) -> None:
    make(list(NAMES) if not names or ALL in names else list(dict.fromkeys(names)), out, seed, quick)


@click.command("report")
@click.argument("activations", type=click.Path(path_type=Path))
@click.option("--top-k", default=9, show_default=True, help="Size of the top-k set, and how many examples to show.")
@click.option(
    "--target", "targets", multiple=True, help="Mean activation instead of the top-k set's; NAME=number for one."
)
@click.option("--margin", type=float, help="Width of the boundary shell in activation units.  [default: sd/10]")
@click.option("--feature", "names", multiple=True, help="Only this column, or feature of a store; repeatable.")
@click.option("--header/--no-header", default=None, help="Whether the first line of a text file holds names.")
@click.option(
    "--id-column", metavar="NAME|none", help="The column that names the examples.  [default: words, or an index]"
)
@click.option(
    "--images",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the pictures that the examples' names name; for a store, where the pictures are now.",
)
@click.option("--reduction", help="Score column of a store.  [default: its first]")
@click.option("--partial", is_flag=True, help="Take a store whose scan is not finished.")
@click.option(
    "--heat", is_flag=True, help="Tint a store's pictures where the feature is active; runs the model on them."
)
@click.option("--backbone", type=click.Path(path_type=Path), help="For --heat: the weights that scanned the store.")
@click.option("--module", help="For --heat: the torch module that scanned it, package.module:factory.")
@click.option("--transcoder", type=click.Path(path_type=Path), help="For --heat: the dictionary that scanned it.")
@OUT
@click.option("--seed", default=0, show_default=True, help="Decides which examples are shown under KLSC weights.")
def report(
    activations: Path,
    top_k: int,
    targets: tuple[str, ...],
    margin: float | None,
    names: tuple[str, ...],
    header: bool | None,
    id_column: str | None,
    images: Path | None,
    reduction: str | None,
    partial: bool,
    heat: bool,
    backbone: Path | None,
    module: str | None,
    transcoder: Path | None,
    out: Path,
    seed: int,
) -> None:
    """Compare top-k with KLSC weights for each feature of a .npy, .npz, .csv, .parquet file or a store."""
    import matplotlib as mpl

    from distributional_view.figures.report.run import chosen, provenance, written
    from distributional_view.figures.report.settings import ReportSettings
    from distributional_view.figures.report.source import source_of
    from distributional_view.figures.report.words import parse_targets, summary
    from distributional_view.terminal import tell

    mpl.use("Agg")
    console, failed = Console(), []
    settings = ReportSettings(top_k, *parse_targets(targets), margin, seed)
    model = {"backbone": backbone, "module": module, "transcoder": transcoder}
    if not heat and any(model.values()):
        raise UserError("backbone, module, transcoder: must be left out without --heat, which they are for")
    found, album = source_of(activations, header, id_column, names, images, reduction, partial, model if heat else None)
    features = chosen(found.columns, names, settings)
    for sentence in found.reading:
        console.print(f"read: {shown(sentence)}", markup=False, highlight=False, soft_wrap=True)
    for done, (feature, files) in enumerate(
        written(features, settings, provenance(found, settings), out, album), start=1
    ):
        line = f"[{done}/{len(features)}] {shown(summary(feature))}"
        console.print(line, markup=False, highlight=False, soft_wrap=True)
        tell(console, files)
        failed += [feature.name] if feature.status == "failed" else []
    if album is not None and album.gone:
        console.print(album.said(), markup=False, highlight=False, soft_wrap=True)
    if failed:
        listed = f"{', '.join(failed)} ({shown(activations.name)})"
        raise click.ClickException(f"{len(failed)} of {len(features)} features have no report: {listed}")


@click.command("embedded")
@OUT
@SEED
@click.option("--quick", is_flag=True, help="Few pictures and steps: to see that it runs.")
@JOBS
@click.option(
    "--pool",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of `dview embedded-pool`: what the prior's own tilt shows is reported too.",
)
def embedded(out: Path, seed: int, quick: bool, jobs: int, pool: Path | None) -> None:
    """Features of the embedded backend by all methods (needs torch; an hour)."""
    import matplotlib as mpl

    from distributional_view.figures.artefact import publish
    from distributional_view.figures.embedded import compute, save_activations
    from distributional_view.terminal import progress_bar, tell

    try:
        import distributional_view.backends.jobs  # noqa: F401  # needs torch; seen before anything is written
    except ImportError as error:
        raise click.ClickException(f"{error}; `make embedded` installs what this needs") from error

    mpl.use("Agg")
    console = Console()
    with progress_bar(console) as progress:
        artefact = compute(out, seed, quick, jobs, progress, pool)
        kept = save_activations(out)
    tell(console, [*publish(artefact, out, console), kept])


@click.command("samplers")
@OUT
@SEED
@click.option("--quick", is_flag=True, help="Two features, two levels, few pictures: two minutes.")
@click.option("--features", help="Indices of named features, such as 457,417.  [default: the first six]")
@click.option("--levels", help="Quantiles of the activation, each in (0, 1).  [default: 0.8,0.9,0.95,0.99]")
@JOBS
@click.option(
    "--pool",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of `embedded-pool`; sampled if need be.  [default: prior-pool in OUT]",
)
def samplers(
    out: Path, seed: int, quick: bool, features: str | None, levels: str | None, jobs: int, pool: Path | None
) -> None:
    """Which sampler reaches the tilt, on the embedded and the toy world (needs torch; two hours).

    It goes on where it stopped. Another level adds to what is there.
    """
    import jax

    from distributional_view.figures import artefact
    from distributional_view.figures.samplers import compute

    jax.config.update("jax_enable_x64", True)
    chosen, wanted, folder = indices_of(features), levels_of(levels), pool or out / "prior-pool"
    artefact.run(lambda progress: compute(out, folder, seed, quick, jobs, chosen, wanted, progress), out)


class Commands(Group):
    """`report` is a command of its own; names of tables and figures, or none, go to `paper`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put `paper` before arguments that do not begin with a command."""
        own = args and (args[0] in self.commands or args[0] == "--help")
        return super().parse_args(ctx, args if own else ["paper", *args])


@click.group(
    cls=Commands,
    commands=[paper, report, embedded, samplers, paradigms, levels, neurons, layers, priors],
    help="Tables and figures: of the paper (no command needed), or of your own activations.",
)
def main() -> None:
    pass
