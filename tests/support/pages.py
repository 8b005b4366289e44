"""The documentation's pages as text, for tests of what they say."""

from pathlib import Path

DOCS = Path(__file__).resolve().parent.parent.parent / "docs"


def text_of(name: str) -> str:
    """A page's text: `name` is its path below `docs`, without ending."""
    return (DOCS / f"{name}.md").read_text(encoding="utf-8")


def has(name: str, *phrases: str) -> None:
    """Fail unless the page says each phrase, lines joined."""
    text = " ".join(text_of(name).split())
    for phrase in phrases:
        assert phrase in text, phrase
