"""Code blocks of a documentation page: what they are, what the page says that they print, what they do print.

A page is Markdown. A fenced block of `python` is run; blocks of one page share their names, in order. A block of `sh`
or `console` holds commands; its `dview` and `make` lines must exist. HTML comments right before a block say more:

    <!-- run -->           before sh or console: run the `dview` lines
    <!-- output -->        before text: what the block run last has printed, exactly
    <!-- output: parts --> the same, where a line of three dots stands for any lines
    <!-- smaller: old => new -->   before python, sh or console: replaced in the test, to make it small; repeatable
    <!-- setup             Python lines that the test runs and the reader does not see, up to the closing mark
    -->
"""

import json
import os
import re
import shlex
import subprocess
import sys
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from distributional_view.command import load
from distributional_view.commands import ENTRIES

RUNNER = Path(__file__).with_name("documented_runner.py")
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


def mentioned(text: str) -> list[str]:
    """Every `dview` command with arguments, in code blocks and in the running text."""
    fenced = re.findall(r"```(?:\w*)\n(.*?)```", text, re.S)
    lines = [line.strip().removeprefix("$ ") for block in fenced for line in block.replace("\\\n", " ").splitlines()]
    inline = re.findall(r"`([^`]+)`", " ".join(re.sub(r"```.*?```", "", text, flags=re.S).split()))
    return sorted({c for c in [*lines, *inline] if re.match(r"dview [a-z]", c)})


def unknown(line: str) -> list[str]:
    """What in a `dview` line does not exist: the command, or options of it."""
    _, name, *arguments = shlex.split(line, comments=True)
    if name not in ENTRIES:
        return [name]
    known = {"--help"} | {text for p in load(ENTRIES[name]).params for text in (*p.opts, *p.secondary_opts)}
    return [a for a in arguments if a.startswith("--") and a.partition("=")[0] not in known]


def mistakes(page: str, folder: Path) -> list[str]:
    """Where a page's blocks do not do what the page says: "line 12: ...". Runs them in the folder, in a new process.

    A block that fails ends the page. Raises what `blocks` and `made_smaller` raise.
    """
    found, steps, owners = [], [], []
    for block in blocks(page):
        if block.language not in LANGUAGES:
            found.append(f"line {block.line}: language = {block.language!r}: must be one of {LANGUAGES}")
        if block.language == "python" or RUN in block.marks:
            small = block._replace(text=made_smaller(block))
            steps.append(small.text if block.language == "python" else commands(small))
            owners.append(block)
        elif block.language == "json":
            json.loads(block.text)
    printed = dict(zip((b.line for b in owners), _run(steps, owners, folder), strict=False))
    last = None
    for block in blocks(page):
        if block in owners:
            last = printed.get(block.line)
            if last is None or last["error"]:
                return [*found, f"line {block.line}: {last['error'] if last else 'its process ended'}"]
            shown = [] if block.language != "console" else [x for x in block.text.splitlines() if x[:2] != "$ "]
            if any(shown):
                found.append(f"line {block.line}: output stands in a text block of its own, after an output mark")
        elif OUTPUT in block.marks or PARTS in block.marks:
            said = "nothing was run" if last is None else last["printed"]
            if last is None or not same(block.text, said, PARTS in block.marks):
                found.append(f"line {block.line}: the page shows\n{block.text}but it is\n{said}")
    return found


def same(shown: str, printed: str, parts: bool = False) -> bool:
    """Whether a page shows what is printed, spaces at the ends of lines aside; with `parts` "..." is any lines."""
    wanted, got = ("\n".join(line.rstrip() for line in text.strip("\n").splitlines()) for text in (shown, printed))
    if not parts:
        return wanted == got
    pattern = "\n".join(r"(?:.*\n)*?.*" if line.strip() == "..." else re.escape(line) for line in wanted.splitlines())
    return re.fullmatch(pattern, got) is not None


def _run(steps: Sequence[str | list[str]], owners: Sequence[Block], folder: Path) -> list[dict[str, str]]:
    """What each step printed and how it failed, in order; shorter than `steps` if one ended the process."""
    if not steps:
        return []
    lines = [block.line for block in owners]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("JAX_")} | {
        "MPLBACKEND": "Agg",
        "OMP_NUM_THREADS": "1",
        "COLUMNS": "100",
        "PYTHONPATH": "",
    }
    done = subprocess.run(
        [sys.executable, str(RUNNER)],
        input=json.dumps({"steps": steps, "lines": lines}),
        capture_output=True,
        text=True,
        cwd=folder,
        env=environment,
        check=False,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]
