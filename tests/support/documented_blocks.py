"""Code blocks of a documentation page, and the marks that say what becomes of them.

A page is Markdown. A fenced block of `python` is run; blocks of one page share their names, in order. A block of `sh`
or `console` holds commands; its `dview` and `make` lines must exist. HTML comments right before a block say more:

    <!-- run -->           before sh or console: run the `dview` lines
    <!-- output -->        before text: what the block run last has printed, exactly
    <!-- output: parts --> the same, where a line of three dots stands for any lines
    <!-- smaller: old => new -->   before python, sh or console: replaced in the test, to make it small; repeatable
    <!-- setup             Python lines that the test runs and the reader does not see, up to the closing mark
    -->
"""

import re
import textwrap
from collections.abc import Iterator, Sequence
from typing import NamedTuple

RUN, OUTPUT, PARTS = "run", "output", "output: parts"
COMMANDS = ("sh", "console")
LANGUAGES = ("python", *COMMANDS, "text", "json", "yaml", "toml", "csv", "")
_FENCE = re.compile(r"^(?P<indent> *)```(?P<language>[\w-]*)[^\n]*\n(?P<text>.*?)^(?P=indent)```[ ]*$", re.M | re.S)
_SETUP = re.compile(r"^ *<!-- setup\n(?P<text>.*?)^ *-->$", re.M | re.S)
_MARK = re.compile(r"^ *<!-- (?P<mark>[^\n]*?) -->$")


class Block(NamedTuple):
    """A fenced block: its language, text and marks, and the line of the page where its text begins."""

    language: str
    text: str
    marks: tuple[str, ...]
    line: int


def blocks(page: str) -> list[Block]:
    """All fenced blocks of a page and its hidden set-ups (as `python`), in order, the text without its indent.

    Raises:
        ValueError: for a mark that is not known, or on a block that it says nothing about.
    """
    found = [
        Block("python", textwrap.dedent(m["text"]), (), page.count("\n", 0, m.start("text")) + 1)
        for m in _SETUP.finditer(page)
    ]
    for match in _FENCE.finditer(page):
        line = page.count("\n", 0, match.start("text")) + 1
        marks = tuple(_marks(page[: match.start()].splitlines()))
        for mark in marks:
            if not _fits(mark, match["language"]):
                raise ValueError(f"line {line}: mark = {mark!r}: not known before a block of {match['language']!r}")
        text = re.sub(rf"^{match['indent']}", "", match["text"], flags=re.M)
        found.append(Block(match["language"], text, marks, line))
    return sorted(found, key=lambda block: block.line)


def _marks(before: Sequence[str]) -> Iterator[str]:
    """The marks on the lines right before a block, blank lines allowed between."""
    for line in reversed(before):
        match = _MARK.match(line)
        if match:
            yield match["mark"]
        elif line.strip():
            return


def _fits(mark: str, language: str) -> bool:
    if mark.startswith("smaller: "):
        return " => " in mark and language in ("python", *COMMANDS)
    return (mark == RUN and language in COMMANDS) or (mark in (OUTPUT, PARTS) and language == "text")


def made_smaller(block: Block) -> str:
    """The block's text as the test runs it.

    Raises:
        ValueError: if what a mark replaces is not there.
    """
    text = block.text
    for mark in block.marks:
        old, arrow, new = mark.removeprefix("smaller: ").partition(" => ")
        if arrow and old not in text:
            raise ValueError(f"line {block.line}: smaller = {old!r}: not in the block")
        text = text.replace(old, new) if arrow else text
    return text


def commands(block: Block) -> list[str]:
    """The command lines of a block of sh (every line) or console (those after "$ "), continued lines joined."""
    lines = block.text.replace("\\\n", " ").splitlines()
    if block.language == "console":
        lines = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
    return [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]
