"""The command `dview`: everything that the project does, one subcommand each.

    dview --help
    dview table2 --quick

A subcommand is imported when it is called. The help needs none of them: it prints `distributional_view.commands`.
"""

from difflib import get_close_matches
from importlib import import_module
from typing import Any

import click
from click.shell_completion import CompletionItem

from distributional_view.commands import ENTRIES, GROUPS, Entry
from distributional_view.shell import Group

EXTRAS = {
    "torch": "torch",
    "safetensors": "torch",
    "torchmetrics": "torch",
    "transformers": "dino",
    "diffusers": "dino",
    "pyarrow": "parquet",
    "duckdb": "store",
    "mpmath": "proofs",
    "sympy": "proofs",
    "flint": "proofs",
    "hypothesis": "proofs",
}
"""Modules outside the base installation, and the extra that installs each."""


def load(entry: Entry) -> click.Command:
    """The command itself; imports its module."""
    module, _, attribute = entry.home.partition(":")
    found: Any = getattr(import_module(f"distributional_view.{module}"), attribute.removesuffix("()"))
    return found(entry.name) if attribute.endswith("()") else found


class Rooms(Group):
    """A group whose commands are listed from data and imported when they run."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, in the order of the help."""
        return list(ENTRIES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, None if there is none of this name."""
        return load(ENTRIES[cmd_name]) if cmd_name in ENTRIES else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the first argument names; for an unknown name the nearest ones are suggested."""
        if args[0] not in ENTRIES and not args[0].startswith("-"):
            near = get_close_matches(args[0], ENTRIES)
            ctx.fail(f"No command {args[0]!r}." + (f" Did you mean {' or '.join(near)}?" if near else ""))
        ctx.invoked_subcommand = args[0]
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The groups with a line for each command."""
        for group, entries in GROUPS.items():
            with formatter.section(group):
                formatter.write_dl([(entry.name.ljust(max(map(len, ENTRIES))), entry.help) for entry in entries])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Names that begin so, from the data too."""
        return [
            CompletionItem(entry.name, help=entry.help)
            for entry in ENTRIES.values()
            if entry.name.startswith(incomplete)
        ]

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; if a package of an extra is missing, say which extra installs it."""
        try:
            return super().invoke(ctx)
        except ModuleNotFoundError as error:
            package = (error.name or "").split(".")[0]
            if package not in EXTRAS:
                raise
            raise click.ClickException(
                f"{ctx.invoked_subcommand} needs {package}, which is not installed: "
                f'python -m pip install "distributional-view[{EXTRAS[package]}]"'
            ) from error


@click.command(cls=Rooms, context_settings={"max_content_width": 120})
@click.version_option(package_name="distributional-view")
def main() -> None:
    """Truncation against KL-minimal tilting of a feature: tables, figures, reports, evidence, explanations."""
