"""`dview study`: make, serve, read."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from distributional_view.errors import UserError
from distributional_view.files import shown
from distributional_view.shell import Group

if TYPE_CHECKING:
    from distributional_view.figures.study.study import Study

STUDY = click.argument("study", type=click.Path(file_okay=False, path_type=Path))


@click.group("study", cls=Group)
def study() -> None:
    """Have people or a model rate pictures without knowing who made them, and read what they say."""


@study.command("make")
@click.argument("sources", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder of the study.")
@click.option("--level", "levels", multiple=True, metavar="TEXT", help="Only what has this level; repeatable.")
@click.option("--side", default=256, show_default=True, type=click.IntRange(min=16), help="Of a picture, pixels.")
@click.option("--gap", default=8, show_default=True, type=click.IntRange(min=0), help="Between pictures, pixels.")
@click.option("--seed", default=0, show_default=True, type=click.IntRange(min=0), help="Of the choice and the order.")
def make(sources: tuple[Path, ...], out: Path, levels: tuple[str, ...], side: int, gap: int, seed: int) -> None:
    """Write shuffled 2 x 2 grids of pictures, and a key that raters do not see.

    SOURCES are folders with METHOD/FEATURE/pictures, tables (.csv) with the columns method, feature, picture and
    perhaps level, or folders with jobs of `dview explain` or `dview paradigms`.
    """
    from rich.console import Console

    from distributional_view.figures.study.build import build, gaps, words
    from distributional_view.figures.study.grids import PICTURES
    from distributional_view.figures.study.sources import at_levels, collected, too_few
    from distributional_view.figures.study.study import KEY, PAGE, RATERS
    from distributional_view.terminal import progress_bar

    console = Console()
    found = at_levels(collected(sources), levels)
    few = too_few(found)
    cells = {cell: shots for cell, shots in found.items() if cell not in few}
    with progress_bar(console) as progress:
        made = build(cells, out, seed, side, gap, progress)
    methods, features = {cell.method for cell in cells}, {cell.feature for cell in cells}
    said = [
        f"study {made.name}: {len(made.items)} items, {len(methods)} methods, {len(features)} features",
        *gaps(found),
        *(f"{words(cell)} has {len(found[cell])} pictures: left out, a grid shows {PICTURES}" for cell in few),
    ]
    said += [f"for raters: {shown(out / RATERS)} ({PAGE} works alone)", f"not for raters: {shown(out / KEY)}"]
    console.print("\n".join(said), markup=False, highlight=False, soft_wrap=True)


@study.command("serve")
@STUDY
@click.option("--port", default=0, type=click.IntRange(0, 65535), help="Of the page.  [default: any that is free]")
@click.option("--open/--no-open", "opened", default=True, help="Open the page in the browser.")
@click.option("--rater", metavar="URL", help="Ask a model in place of a person: an OpenAI-compatible address, …/v1.")
@click.option("--model", help="The model's name there; with --rater.")
@click.option("--name", help="Under which the model's answers are kept.  [default: its name]")
@click.option(
    "--key-variable", metavar="NAME", help="Environment variable with the key to send.  [default: no key is sent]"
)
@click.option("--timeout", default=120.0, show_default=True, help="Of a request to the model, seconds.")
@click.option("--tries", default=5, show_default=True, type=click.IntRange(min=1), help="Of a grid, in one call.")
@click.option("--temperature", type=float, help="Of the model.  [default: the server's]")
def serve(
    study: Path,
    port: int,
    opened: bool,
    rater: str | None,
    model: str | None,
    name: str | None,
    key_variable: str | None,
    timeout: float,
    tries: int,
    temperature: float | None,
) -> None:
    """Collect answers: on a page of this machine, or from a model that you name.

    The page listens on 127.0.0.1 and runs until Ctrl-C. Nothing leaves this machine unless --rater names an address.
    """
    from distributional_view.figures.study.study import open_study

    found = open_study(study)
    if rater is None:
        given = [("--model", model), ("--name", name), ("--key-variable", key_variable), ("--temperature", temperature)]
        needless = [option for option, value in given if value is not None]
        if needless:
            raise UserError(f"{needless[0]} says how a model is asked: give --rater URL too")
        _page(found, port, opened)
        return
    if model is None:
        raise UserError("--rater names an address: give --model NAME too")
    key = None
    if key_variable is not None:
        key = os.environ.get(key_variable, "").strip()
        if not key:
            raise UserError(f"--key-variable {key_variable}: there is no such environment variable, or it is empty")
    _ask(found, rater, model, name or model, key, timeout, tries, temperature)


@study.command("read")
@STUDY
@click.argument("answers", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Of the results.  [default: in STUDY]")
@click.option("--success", "least", default=2.5, show_default=True, help="Mean score from which an item is understood.")
@click.option(
    "--sentences",
    type=click.Path(path_type=Path),
    help="Folder of a local sentence model or CLIP, to compare descriptions by (needs torch).  [default: TF-IDF]",
)
@click.option("--seed", default=0, show_default=True, type=click.IntRange(min=0), help="Of the bootstrap.")
def read(
    study: Path, answers: tuple[Path, ...], out: Path | None, least: float, sentences: Path | None, seed: int
) -> None:
    """Say what the answers say: scores with intervals, agreement, how far descriptions differ.

    ANSWERS are files that raters saved, or folders of them, beside those in the study's own folder `answers`.
    """
    import matplotlib as mpl
    from rich.console import Console

    from distributional_view.figures.artefact import publish
    from distributional_view.figures.study.answers import read_answers
    from distributional_view.figures.study.descriptions import Embed, tf_idf
    from distributional_view.figures.study.reading import Reading
    from distributional_view.figures.study.study import ANSWERS, open_study, read_key
    from distributional_view.terminal import tell

    mpl.use("Agg")
    console, found = Console(), open_study(study)
    places = [*([study / ANSWERS] if (study / ANSWERS).is_dir() else []), *answers]
    files = {f.resolve(): f for p in places for f in (sorted(p.glob("*.jsonl")) if p.is_dir() else [p])}
    if not files:
        raise UserError(f"{shown(study / ANSWERS)} holds no answers: `dview study serve` collects some")
    embed: Embed = tf_idf
    embedding = "TF-IDF"
    if sentences is not None:
        from distributional_view.backends.measures.sentences import load_sentences

        embed, embedding = load_sentences(sentences), shown(sentences.name)
    taken = read_answers(files.values(), found)
    for file, line, reason in taken.rejected:
        console.print(f"rejected: {file}, line {line}: {reason}", markup=False, highlight=False, soft_wrap=True)
    reading = Reading(found, read_key(found), taken, embed, embedding, least, seed)
    tell(console, publish(reading, out or study, console))


def _page(found: "Study", port: int, opened: bool) -> None:
    """Serve until interrupted."""
    import webbrowser

    from distributional_view.figures.study.server import StudyServer

    with StudyServer(found, port) as server:
        click.echo(f"{server.address} collects answers of study {found.name} until Ctrl-C")
        if opened:
            webbrowser.open(server.address)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            click.echo("stopped; the answers are kept")


def _ask(
    found: "Study",
    url: str,
    model: str,
    name: str,
    key: str | None,
    timeout: float,
    tries: int,
    temperature: float | None,
) -> None:
    """Have a model rate what it has not rated."""
    from rich.console import Console

    from distributional_view.figures.study.answers import named
    from distributional_view.figures.study.rater import Endpoint, rate
    from distributional_view.terminal import progress_bar

    console, rater = Console(), named(name)
    endpoint = Endpoint(url, model, key, timeout, tries, temperature)
    with progress_bar(console) as progress:
        failed = rate(found, endpoint, rater, progress)
    said = f"{len(found.items) - failed} of {len(found.items)} items have an answer by {rater}"
    console.print(f"{said}\nwrote {shown(found.answers(rater))}", markup=False, highlight=False, soft_wrap=True)
