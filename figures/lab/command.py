"""`dview lab`: opens the lab in the browser, or says where its page lies."""

from importlib.resources import files
from pathlib import Path

import click

from distributional_view.shell import Command

PAGE = "lab.html"


def page() -> Path:
    """Where the built page lies, in a checkout and in an installation alike."""
    return Path(str(files("distributional_view.figures.lab").joinpath(PAGE)))


@click.command("lab", cls=Command)
@click.option("--where", is_flag=True, help="Only say where the page lies.")
@click.option(
    "--scene", metavar="ADDRESS", default="", help="What to open, as in the page's address: scene=nudge&mean=6."
)
def lab(where: bool, scene: str) -> None:
    """Open the lab, one page to play with truncation and tilt, or say where it lies."""
    import webbrowser

    address = page().as_uri() + (f"#{scene.removeprefix('#')}" if scene else "")
    if where or not webbrowser.open(address):
        click.echo(address)
        return
    click.echo(f"opened {address}")


if __name__ == "__main__":
    lab()
