"""What the code blocks of a documentation page do, against what the page says; the commands that it names."""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from distributional_view.command import load
from distributional_view.commands import ENTRIES
from tests.support.documented_blocks import LANGUAGES, OUTPUT, PARTS, RUN, Block, blocks, commands, made_smaller

RUNNER = Path(__file__).with_name("documented_runner.py")


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
    command = load(ENTRIES[name])
    if isinstance(command, click.Group) and arguments and not arguments[0].startswith("-"):
        if arguments[0] not in command.commands:
            return [f"{name} {arguments[0]}"]
        command = command.commands[arguments.pop(0)]
    known = {"--help"} | {text for p in command.params for text in (*p.opts, *p.secondary_opts)}
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
