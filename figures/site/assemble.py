"""The folder that mkdocs builds: hand-written pages, generated pages, pictures, what they load, the lab."""

import shutil
from collections.abc import Mapping
from pathlib import Path

from distributional_view.errors import UserError
from distributional_view.figures.site import api, commands_page, notation, statement_index, vendored, written
from distributional_view.figures.site import lab as lab_page
from distributional_view.figures.site.statement_evidence import Sources
from distributional_view.figures.site.statement_links import file
from distributional_view.figures.site.statement_page import page as statement_page
from distributional_view.files import write_whole
from distributional_view.proofs_check import matrix, runner, trail
from distributional_view.proofs_check.evidence import Evidence, registered
from distributional_view.proofs_check.statements import STATEMENTS

ROOMS = ("theory", "toy", "figures", "proofs_check", "backends")
ASSETS = ("assets/site.css", "assets/site.js")


def assemble(root: Path, out: Path, lab: bool = True) -> Path:
    """Write the site's source, in place of what stood there.

    Args:
        root: the top of a checkout.
        out: the folder to write.
        lab: whether the built lab is taken in; without it a page says so in its place.

    Raises:
        UserError: if the pages, a package or the lab is missing, or if evidence does not import.
    """
    pages = written.pages(root / "docs")
    pieces = evidence()
    texts = {name: written.moved(name, text) for name, text in pages.items()}
    generated = {**statements(root, pages, pieces), **reference(root)}
    doubled = sorted(texts.keys() & generated)
    if doubled:
        raise UserError(f"{root / 'docs' / doubled[0]}: a generated page has this name")
    if out.exists():
        shutil.rmtree(out)
    for name, text in {**texts, **generated}.items():
        write_whole(out / name, text)
    _copy_files(root, out, lab)
    return out


def evidence() -> tuple[Evidence, ...]:
    """All registered evidence.

    Raises:
        UserError: if a module that holds some does not import.
    """
    for module, why in runner.load().items():
        raise UserError(f"{module} does not import: {why}")
    pieces = tuple(registered())
    for mistake in matrix.mistakes(pieces):
        raise UserError(mistake)
    return pieces


def statements(root: Path, pages: Mapping[str, str], pieces: tuple[Evidence, ...]) -> dict[str, str]:
    """The pages of all statements, and both indices."""
    shown = tuple(path.stem for path in sorted((root / written.PICTURES).glob("*.png")))
    rows = (root / trail.IMPRECISE).read_text(encoding="utf-8")
    found = {
        f"statements/{file(entry.label)}": statement_page(
            entry,
            Sources(root, pieces, written.mentions(pages, entry.label), tuple(trail.imprecisions(rows, entry)), shown),
        )
        for entry in STATEMENTS
    }
    indices = {
        "statements/index.md": statement_index.page(pieces),
        "statements/equations.md": statement_index.equations(),
    }
    return found | indices


def reference(root: Path) -> dict[str, str]:
    """The generated pages of the reference."""
    return {
        "reference/notation.md": notation.page(),
        "reference/commands.md": commands_page.page(),
        f"reference/api/{api.TOP}.md": api.top_page(),
        **{f"reference/api/{part.page}.md": api.page(root, part) for part in api.PARTS},
    }


def _copy_files(root: Path, out: Path, lab: bool) -> None:
    """Pictures, the site's own style and script, packages, the lab, and the code under its common name."""
    for picture in sorted((root / written.PICTURES).glob("*.png")):
        _copy(picture, out / written.PICTURES / picture.name)
    for name in ASSETS:
        _copy(root / "docs" / name, out / name)
    vendored.copy(root / "docs" / "node_modules", out)
    write_whole(out / lab_page.PAGE, lab_page.placed(root) if lab else lab_page.NO_LAB)


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def linked_code(root: Path, folder: Path) -> Path:
    """The rooms under their common name, as links: where mkdocstrings looks for the package."""
    package = folder / api.PACKAGE
    if package.exists():
        shutil.rmtree(package)
    package.mkdir(parents=True)
    for source in [*(root / room for room in ROOMS), *sorted((root / "package").iterdir())]:
        if source.name != "__pycache__":
            (package / source.name).symlink_to(source)
    return folder
