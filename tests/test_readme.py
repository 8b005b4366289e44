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
REPRODUCE, TORCH_WORLD = ((ROOT / f"docs/how-to/{name}.md").read_text() for name in ("reproduce", "torch-world"))
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


def test_options_of_commands_exist():
    real = [load(entry) for entry in ENTRIES.values()]
    options = {o for c in real for p in c.params if isinstance(p, click.Option) for o in (*p.opts, *p.secondary_opts)}
    for name, text in {"README": README, **GUIDES}.items():
        assert {o for o in re.findall(r"`(--[a-z-]+)", text)} <= options | {"--help"}, name


def test_every_figure_has_a_row():
    table = re.search(r"\| `dview` \|.*?\n\n", REPRODUCE, re.S)
    assert table is not None
    rows = [line.split("|")[1] for line in table.group().splitlines()[2:] if line]
    assert {name for row in rows for name in re.findall(r"`([\w-]+)", row)} == {
        entry.name for entry in ENTRIES.values() if entry.home.startswith("figures.command")
    }


def test_methods_of_explain_are_named():
    sentence = re.search(r"`--method` is ([^.(]*)", " ".join(TORCH_WORLD.split()))
    (option,) = (p for p in load(ENTRIES["explain"]).params if p.name == "method")
    assert sentence is not None
    assert isinstance(option.type, click.Choice)
    assert set(re.findall(r"`([^`]+)`", sentence.group(1))) == set(option.type.choices)


def test_links_lead_somewhere():
    links = re.findall(r"\]\(([^)#]+)\)", README)
    assert len(links) >= 12
    for link in links:
        assert (ROOT / link).exists(), link


def test_is_one_screen_before_the_evidence():
    assert len(README.partition("## Where the evidence stands")[0].splitlines()) <= 65
