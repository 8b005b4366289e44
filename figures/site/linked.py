"""Docstrings for readers: an extension of griffe, which reads the code for mkdocstrings.

A docstring with an owner's line (`proofs_check.clauses`) gets, at its end, links to the pages of those statements. The
section `Example` gets the name by which griffe knows it, and brackets and braces that are mathematics are kept from
being links and attributes.
"""

import re
from pathlib import Path

import griffe

from distributional_view.figures.site.statement_links import slug
from distributional_view.proofs_check.clauses import clauses
from distributional_view.proofs_check.places import ROOMS


class LinkedStatements(griffe.Extension):
    """Changes the docstrings; mkdocs.yml names this module."""

    def on_module(self, *, mod: griffe.Module, **_: object) -> None:
        """A module has been read: its file is the one of the checkout, not the link by which it was found."""
        if isinstance(mod.filepath, Path):
            mod._filepath = mod.filepath.resolve()

    def on_object(self, *, obj: griffe.Object, **_: object) -> None:
        """A module, a class, a function or an attribute has been read."""
        if obj.docstring is not None:
            room = obj.path.split(".")[1:2]
            owned = with_links(obj.docstring.value) if room and room[0] in ROOMS else ""
            obj.docstring.value = shown(obj.docstring.value) + owned


def with_links(docstring: str) -> str:
    """What to add to a docstring: links to the pages of the statements that it owns; empty if it owns none."""
    owned = clauses(docstring)
    links = ", ".join(f"[{label}][{slug(label)}]" for label in owned.labels) if owned else ""
    return f"\n\nPages of the statements: {links}\n" if links else ""


def shown(docstring: str) -> str:
    """The docstring as Markdown that reads as it does in the code."""
    text = re.sub(r"^( *)Example:$", r"\1Examples:", docstring.rstrip(), flags=re.M)
    parts = re.split(r"(`[^`]*`|^ *>>>.*$|^ {4,}.*$)", text, flags=re.M)
    return "".join(part if k % 2 else _kept(part) for k, part in enumerate(parts))


def _kept(text: str) -> str:
    """Text whose brackets make no link and whose braces are no attributes."""
    return re.sub(r"\](?=\s?[\[(])", r"]\\", text).replace("{", "\\{")
