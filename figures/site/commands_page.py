"""The page of all commands: for each what it says of itself, and every option, from click."""

from collections.abc import Iterator

import click

from distributional_view.command import load
from distributional_view.commands import GROUPS

WIDTH = 80


def page() -> str:
    """The commands in their groups, each with its own help."""
    lines = ["# Commands", "", "`dview --help` lists them, `dview NAME --help` prints what stands here.", ""]
    for group, entries in GROUPS.items():
        lines += [f"## {group}", ""]
        for entry in entries:
            lines += [f"### `dview {entry.name}`", "", *_helped(entry.name, load(entry))]
    return "\n".join(lines) + "\n"


def _helped(name: str, command: click.Command) -> Iterator[str]:
    """The help of a command as the terminal shows it, and after a group's that of its commands."""
    context = click.Context(command, info_name=f"dview {name}", terminal_width=WIDTH, max_content_width=WIDTH)
    yield from ("```text", command.get_help(context).rstrip(), "```", "")
    for below, inner in getattr(command, "commands", {}).items():
        yield from _helped(f"{name} {below}", inner)
