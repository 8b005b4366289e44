"""Where a statement's page is, and sentences that link the statements they name."""

import re
from collections.abc import Iterable, Iterator

from distributional_view.figures.site.prose import readable
from distributional_view.proofs_check.statements import STATEMENTS

_LABELS = re.compile(
    "|".join(rf"\b{re.escape(s.label)}\b(?!\.?\d)" for s in sorted(STATEMENTS, key=lambda s: -len(s.label)))
)


def sentence(text: str, own: str) -> str:
    """A sentence of the registry for readers, with links to the statements that it names, its own left out."""

    def link(match: re.Match[str]) -> str:
        return match[0] if match[0] == own else f"[{match[0]}](../{file(match[0])})"

    parts = re.split(r"(`[^`]*`)", readable(text))
    return "".join(part if k % 2 else _LABELS.sub(link, part) for k, part in enumerate(parts))


def slug(label: str) -> str:
    """The label as the name of its page: lower case, all but letters and digits a hyphen: "theorem-d-14"."""
    return "-".join("".join(c if c.isalnum() else " " for c in label.lower()).split())


def file(label: str) -> str:
    """The label's page below `statements/`, in a folder of its own: a server shows it as `statements/theorem-d-14/`."""
    return f"{slug(label)}/index.md"


def links(wanted: Iterable[str]) -> Iterator[str]:
    """A list of links between pages of statements."""
    names = {s.label: s.name for s in STATEMENTS}
    yield from (f"- [{label}](../{file(label)}): {readable(names[label])}" for label in wanted)
