"""The command `dview recover`; it imports JAX when it runs, so that its help is there at once."""

from pathlib import Path

import click

from distributional_view.shell import Command


@click.command("recover", cls=Command)
@click.option("--quick", is_flag=True, help="Two hypotheses only.")
@click.option(
    "--json",
    "json_path",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write fits to this file as they come; an existing file is resumed.",
)
@click.option("--write", is_flag=True, help="Keep the best fit and those of both plain shapes in toy/recovered.json.")
def recover(quick: bool, json_path: Path | None, write: bool) -> None:
    """Recover the lost constants of the toy world from the 18 printed numbers of Table 2."""
    from distributional_view.toy.recover import run

    run(quick, json_path, write)
