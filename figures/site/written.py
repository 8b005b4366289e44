"""The hand-written pages under `docs/`: their titles, the statements that they mention, their pictures."""

import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from distributional_view.errors import UserError
from distributional_view.proofs_check.pointers import labels

PICTURES = "figures/shown/"
_TITLE = re.compile(r"^# (.+)$", re.M)
_STATEMENT = re.compile(r"(\]\(|\]: )((?:\.\./)*statements/(?!index\b|equations\b)[a-z0-9-]+)\.md\b")
_PICTURE = re.compile(rf"(?:\.\./)+(?={PICTURES})")


def pages(docs: Path) -> dict[str, str]:
    """Path relative to `docs` -> text of each page.

    Raises:
        UserError: if there is no page, or one has no title.
    """
    found = {
        path.relative_to(docs).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(docs.rglob("*.md"))
        if "node_modules" not in path.parts
    }
    if not found:
        raise UserError(f"{docs}: holds no page; the site is built from a checkout")
    for name, text in found.items():
        if not _TITLE.search(text):
            raise UserError(f"{docs / name}: must have a title, a line that begins with '# '")
    return found


def title(text: str) -> str:
    """A page's first heading."""
    match = _TITLE.search(text)
    return match[1].strip() if match else ""


def moved(name: str, text: str) -> str:
    """The page with its links to `figures/shown` and to statements (`statements/lemma-d-7.md`) as they are in the site.

    Args:
        name: path relative to `docs`.
        text: of the page.
    """
    up = "../" * (len(PurePosixPath(name).parts) - 1)
    return _STATEMENT.sub(r"\1\2/index.md", _PICTURE.sub(up, text))


def mentions(written: Mapping[str, str], label: str) -> dict[str, str]:
    """Path -> title of the pages that point to a statement, in their order."""
    return {name: title(text) for name, text in written.items() if any(found == label for _, found in labels(text))}
