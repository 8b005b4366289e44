"""The README is short, its example runs, and what it and the guides say of the commands is true of them."""

import re
from pathlib import Path

import click
import numpy as np
import pytest

from distributional_view.command import load
from distributional_view.commands import ENTRIES
from tests.support.documented import mentioned, unknown

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()
REPRODUCE, EXPLAIN = ((ROOT / f"docs/how-to/{name}.md").read_text() for name in ("reproduce", "explain"))
GUIDES = {path.stem: path.read_text() for path in sorted((ROOT / "docs").glob("*/*.md"))}


def test_example_runs(capsys):
    (code,) = re.findall(r"```python\n(.*?)```", README, re.S)
    names: dict[str, object] = {}
    exec(code, names)
    saved, gap = map(float, capsys.readouterr().out.split()[2:])
    assert abs(saved - gap) < 1e-9
    assert abs(np.sum(names["weights"]) - 1) < 1e-9


@pytest.mark.parametrize("line", mentioned(README))
def test_commands_exist(line):
    assert not unknown(line)


def whole(command: click.Command) -> list[click.Command]:
    """A command with its own commands, if it is a group."""
    return [command, *(command.commands.values() if isinstance(command, click.Group) else ())]


def test_options_of_commands_exist():
    real = [c for entry in ENTRIES.values() for c in whole(load(entry))]
    options = {o for c in real for p in c.params if isinstance(p, click.Option) for o in (*p.opts, *p.secondary_opts)}
    for name, text in {"README": README, **GUIDES}.items():
        assert {o for o in re.findall(r"`(--[a-z-]+)", text)} <= options | {"--help"}, name


def test_every_figure_has_a_row():
    table = re.search(r"\| `dview` \|.*?\n\n", REPRODUCE, re.S)
    assert table is not None
    rows = [line.split("|")[1] for line in table.group().splitlines()[2:] if line]
    named = {name for row in rows for name in re.findall(r"`([\w-]+)", row)}
    pages = {"lab", "site"}
    figures = {entry.name for entry in ENTRIES.values() if entry.home.startswith("figures.")} - pages
    assert figures <= named <= {entry.name for entry in ENTRIES.values()}


def test_methods_of_explain_are_named():
    table = re.search(r"\| `--method` \|.*?\n\n", EXPLAIN, re.S)
    (option,) = (p for p in load(ENTRIES["explain"]).params if p.name == "method")
    assert table is not None
    assert isinstance(option.type, click.Choice)
    rows = [line.split("|")[1] for line in table.group().splitlines()[2:] if line]
    assert {name for row in rows for name in re.findall(r"`([^`]+)`", row)} == set(option.type.choices)


def test_links_lead_somewhere():
    links = re.findall(r"\]\(([^)#]+)\)", README)
    assert len(links) >= 12
    for link in links:
        assert (ROOT / link).exists(), link


def test_is_one_screen_before_the_evidence():
    assert len(README.partition("## Where the evidence stands")[0].splitlines()) <= 65
