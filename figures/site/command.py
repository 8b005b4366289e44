"""`dview site`: puts the source of the documentation's site together; `make site` builds it."""

from pathlib import Path

import click

from distributional_view.shell import Command


@click.command("site", cls=Command)
@click.option(
    "--out",
    default="build/site-source",
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder to write; what stands there is replaced.",
)
@click.option("--without-lab", is_flag=True, help="Leave out the lab, which `make lab` builds.")
@click.option(
    "--check",
    "built",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Instead: check a built site for broken links, addresses elsewhere and mathematics that is not rendered.",
)
def site(out: Path, without_lab: bool, built: Path | None) -> None:
    """Write the pages of the documentation's site, for mkdocs to build (in a checkout)."""
    from distributional_view.files import shown
    from distributional_view.proofs_check.places import ROOT

    if built is not None:
        from distributional_view.figures.site.built import checked

        click.echo(checked(built, ROOT / "docs"))
        return
    from distributional_view.figures.site.assemble import assemble, linked_code

    linked_code(ROOT, out.with_name(f"{out.name}-code"))
    click.echo(f"wrote {shown(assemble(ROOT, out, not without_lab))}")


if __name__ == "__main__":
    site()
