"""One command for each table and figure, made from `figures`' command of several names."""

import click

from distributional_view.commands import ENTRIES


def figure_command(name: str) -> click.Command:
    """The command that makes one table or figure, or `all`."""
    from distributional_view.figures.__main__ import paper

    def make(**options: object) -> None:
        paper.callback(names=(name,), **options)  # type: ignore[misc]

    options = [option for option in paper.params if option.name != "names"]
    return click.Command(name, params=options, callback=make, help=ENTRIES[name].help)
