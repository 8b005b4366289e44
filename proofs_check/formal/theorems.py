"""Which theorem is the proof of which statement, and which wrong versions of it are proved false."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from distributional_view.proofs_check.formal.register import REGISTER
from distributional_view.proofs_check.places import HERE

FOLDER = HERE / "formal"


class Theorem(NamedTuple):
    """A theorem of a Coq file.

    Args:
        label: of its statement in the registry.
        topic: its file without the ending.
        name: its name there.
        wrong: what is wrong -> name of the wrong version, in the file `<topic>Wrong.v`.
    """

    label: str
    topic: str
    name: str
    wrong: Mapping[str, str]

    @property
    def file(self) -> str:
        """Where it stands, from the top of a checkout."""
        return f"proofs_check/formal/{self.topic}.v"


THEOREMS = tuple(
    Theorem(label, topic, name, wrong) for topic, found in REGISTER.items() for label, name, wrong in found
)


def place(theorem: Theorem) -> tuple[int, str]:
    """The line where a theorem begins, and the words of the comment above it.

    Raises:
        ValueError: if the file has no such theorem, or no comment above it.
    """
    text = (FOLDER / f"{theorem.topic}.v").read_text(encoding="utf-8")
    found = re.search(rf"^\(\*\* ((?:(?!\*\)).)*) \*\)\nTheorem {theorem.name}\b", text, re.DOTALL | re.MULTILINE)
    if found is None:
        raise ValueError(f"theorem = {theorem.name!r}: must be in {theorem.file}, a comment (** … *) just above it")
    return text[: found.end()].count("\n") + 1, " ".join(found[1].split())
