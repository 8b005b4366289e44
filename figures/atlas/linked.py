"""Links from one atlas to another: a relative address to a feature's page that is there."""

import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import quote

from distributional_view.errors import UserError
from distributional_view.files import shown

INDEX = Path("data") / "index.js"
START, END = "atlas(", ");\n"
"""What stands around the data of a script."""


def mark_of(store: Any) -> str:
    """What tells the scan of a store from others."""
    from distributional_view.backends.store.shards import MARK, mark

    return mark(store.identity)[MARK].decode()


class Linked:
    """The atlas of another store.

    Args:
        folder: of that atlas.
        store: the store that it must be of, a `backends.store.read.Store`.
        out: folder of the atlas that links to it.

    Raises:
        UserError: for a folder that is no atlas, or one of another store.
    """

    def __init__(self, folder: Path, store: Any, out: Path) -> None:
        name = f"beside-atlas = {shown(folder)!r}"
        try:
            text = (folder / INDEX).read_text(encoding="utf-8")
            found = json.loads(text.removeprefix(START).removesuffix(END))
            pages, made_of = {int(page) for page in found["pages"]}, found.get("made_of")
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            raise UserError(f"{name}: must be a folder that `dview atlas` wrote, with {INDEX.as_posix()}") from None
        if made_of != mark_of(store):
            raise UserError(f"{name}: must be the atlas of {shown(store.path)}: `dview atlas` writes it again")
        self.folder = folder
        self.pages = {page for page in pages if (folder / "data" / f"{page}.js").is_file()}
        self._way = quote(Path(os.path.relpath(folder.resolve(), out.resolve())).as_posix())

    def to(self, feature: int) -> str | None:
        """The address of a feature's page, relative to the pages of this atlas; None if it has none."""
        return f"{self._way}/feature.html#{feature}" if feature in self.pages else None
