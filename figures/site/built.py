"""A built site, read file by file: no broken link, nothing loaded from elsewhere, all mathematics renders."""

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

from distributional_view.errors import UserError

LOADS = {("script", "src"), ("link", "href"), ("img", "src"), ("iframe", "src"), ("source", "src"), ("video", "src")}
"""What a browser loads without being asked."""
SHOWN = 20
"""How many mistakes are listed."""
RENDER = "render.mjs"
"""The program beside the packages that renders formulas by KaTeX."""


@dataclass
class Page(HTMLParser):
    """What a page links, loads, can be linked at, and its formulas."""

    links: list[str] = field(default_factory=list)
    loads: list[str] = field(default_factory=list)
    anchors: set[str] = field(default_factory=set)
    formulas: list[str] = field(default_factory=list)
    _inside: bool = False

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect addresses and anchors; a formula begins."""
        given = {name: value or "" for name, value in attrs}
        self.anchors |= {given[name] for name in ("id", "name") if name in given}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        loads = [given[name] for element, name in LOADS if element == tag and name in given]
        self.loads += [] if given.get("rel") in ("canonical", "prev", "next") else loads
        if "arithmatex" in given.get("class", "").split():
            self._inside = True
            self.formulas.append("")

    def handle_endtag(self, tag: str) -> None:
        """A formula ends."""
        if tag in ("span", "div"):
            self._inside = False

    def handle_data(self, data: str) -> None:
        """Text of a formula."""
        if self._inside:
            self.formulas[-1] += data


def read(path: Path) -> Page:
    """Parse a page."""
    page = Page()
    page.feed(path.read_text(encoding="utf-8"))
    return page


def mistakes(site: Path) -> Iterator[str]:
    """Broken links and addresses elsewhere, file by file."""
    pages = {path.resolve(): read(path) for path in sorted(site.rglob("*.html"))}
    for path, page in pages.items():
        name = path.relative_to(site.resolve())
        for address in page.loads:
            if urlsplit(address).scheme not in ("", "data") or address.startswith("//"):
                yield f"{name}: loads {address}"
        for address in [*page.links, *page.loads]:
            parts = urlsplit(address)
            if parts.scheme or address.startswith("//"):
                continue
            base = site if parts.path.startswith("/") else path.parent  # the page for errors has addresses from the top
            target = (base / unquote(parts.path).lstrip("/")).resolve() if parts.path else path
            if not target.is_file():
                yield f"{name}: {address} leads nowhere"
            elif parts.fragment and target in pages and not _has(pages[target], unquote(parts.fragment), target):
                yield f"{name}: {address} has no such place"


def _has(page: Page, fragment: str, path: Path) -> bool:
    """Whether a page can be linked at a place; scripts make those of the lab and of the theme's controls."""
    return fragment in page.anchors or fragment.startswith("__") or path.name == "lab.html"


def formulas(site: Path) -> dict[str, str]:
    """Place -> LaTeX without its marks, of every formula on every page."""
    found = {}
    for path in sorted(site.rglob("*.html")):
        for number, text in enumerate(read(path).formulas):
            found[f"{path.relative_to(site)}, formula {number + 1}"] = text
    return found


def unrendered(wanted: dict[str, str], packages: Path) -> dict[str, str]:
    """Place -> why KaTeX does not render what stands there.

    Args:
        wanted: place -> LaTeX, between its marks or without.
        packages: the folder with the site's packages and `RENDER`.

    Raises:
        UserError: if node does not run.
    """
    command = ["node", str(packages / RENDER)]
    try:
        done = subprocess.run(command, input=json.dumps(wanted), capture_output=True, text=True, check=False)
    except OSError as error:
        raise UserError(f"node does not start: {error.strerror}; it is needed to check the mathematics") from error
    if done.returncode:
        raise UserError(f"{packages / RENDER} failed: {done.stderr.strip()[-500:]}")
    return dict(json.loads(done.stdout))


def checked(site: Path, packages: Path) -> str:
    """A sentence that says what was checked.

    Raises:
        UserError: that lists what is wrong.
    """
    found = formulas(site)
    wrong = [*mistakes(site), *(f"{place}: {why}" for place, why in unrendered(found, packages).items())]
    if wrong:
        raise UserError("\n".join([f"{site}: {len(wrong)} mistakes", *wrong[:SHOWN]]))
    pages = sum(1 for _ in site.rglob("*.html"))
    return f"{site}: {pages} pages, {len(found)} formulas rendered, no broken link, nothing loaded from elsewhere"
