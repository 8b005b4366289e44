"""What the site loads besides its pages, from the packages of `docs/package.json`: KaTeX, and the search's shim.

A browser starts no worker from a file; the shim of `iframe-worker` runs the search's worker in a frame.
"""

import shutil
from pathlib import Path

from distributional_view.errors import UserError

SHIM = "assets/vendored/iframe-worker.js"
FILES = {
    "katex/dist/katex.min.js": "assets/vendored/katex/katex.min.js",
    "katex/dist/katex.min.css": "assets/vendored/katex/katex.min.css",
    "katex/dist/contrib/auto-render.min.js": "assets/vendored/katex/auto-render.min.js",
    "katex/LICENSE": "assets/vendored/katex/LICENSE",
    "iframe-worker/shim/index.js": SHIM,
    "iframe-worker/LICENSE": "assets/vendored/iframe-worker.LICENSE",
}
"""File of a package -> its place in the site."""
FONTS = "katex/dist/fonts", "assets/vendored/katex/fonts"


def copy(packages: Path, site: Path) -> list[Path]:
    """Copy the files and KaTeX's fonts (woff2, which every browser reads); returns what was written.

    Raises:
        UserError: if a package is not installed.
    """
    fonts = sorted((packages / FONTS[0]).glob("*.woff2"))
    wanted = {packages / source: site / target for source, target in FILES.items()}
    wanted |= {font: site / FONTS[1] / font.name for font in fonts}
    missing = [source for source in wanted if not source.is_file()]
    if missing or not fonts:
        lacking = missing[0] if missing else packages / FONTS[0]
        raise UserError(f"{lacking}: is missing; `npm ci` in docs/ installs the packages of the site")
    for source, target in wanted.items():
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
    return list(wanted.values())
