"""The README's numbers, its examples and its commands are those of the code."""

import re
from pathlib import Path

import click
import numpy as np
import pytest

from distributional_view.command import load
from distributional_view.commands import ENTRIES
from distributional_view.toy.fit import kl_column_bound
from distributional_view.toy.hypotheses import hypotheses
from distributional_view.toy.kde import kde, kl_on_grid, quadrature_nodes, world_grid
from distributional_view.toy.table2 import exact_table
from distributional_view.toy.world import TARGETS, paper_world, published_table2, recovered
from tests.support.documented import mentioned, unknown

README = (Path(__file__).resolve().parent.parent / "README.md").read_text()
FLAT = " ".join(README.split())
EXAMPLES = re.findall(r"```python\n(.*?)```", README, re.S)
SMALLER = {
    "strided(250)": "strided(5)",
    "(3, 256, 256)": "(3, 8, 8)",
    '"cuda"': '"cpu"',
    "target=15.0, tolerance=0.5": "target=0.5, tolerance=0.05",
}
"""What makes the example for a vision model small."""
STAND_INS = {"denoiser": lambda x, time: 0.9 * x, "psi": lambda x: 4 * x.mean((1, 2, 3))}
"""What the README says that the reader has."""


def test_numbers():
    world, printed = paper_world(), published_table2()
    table = exact_table(world)
    for target in TARGETS:
        hard, klsc = table[target, "hard"]["kl"], table[target, "klsc"]["kl"]
        old = [printed[target, method]["kl_kde"] for method in ("hard", "klsc")]
        assert f"| {target:g} | {hard:.3f} | {klsc:.3f} | {old[0]:.4f} | {old[1]:.4f} |" in README
    points, masses = quadrature_nodes(world)
    grid = world_grid(world)
    floor = kl_on_grid(kde(points, masses, world.bandwidth, grid.axis), grid)
    first = table[5.0, "hard"], table[5.0, "klsc"]
    low = (printed[5.0, "hard"]["kl_kde"], printed[5.0, "klsc"]["kl_kde"])
    worlds = recovered()["worlds"]
    for phrase in (
        f"α = {world.score_scale}, R/σ = {world.radius}",
        f"bandwidth of {world.bandwidth} σ ours is {first[1]['kl_kde']:.3f}",
        f"puts p itself {floor:.3f} nats",
        f"costs {first[0]['kl'] / first[1]['kl']:.1f} times the KL of tilting, not {low[0] / low[1]:.2f} times",
        f"({100 * first[1]['boundary_mass']:.2f} % against {100 * first[0]['boundary_mass']:.2f} % at target 5)",
        f"below {np.ceil(1000 * kl_column_bound()[0]) / 1000:.3f}; printed",
        f"under {len(hypotheses())} readings",
        f"is {100 * worlds['cosine']['median_deviation']:.0f} %,"
        f" the worst {100 * worlds['cosine']['worst_deviation']:.0f} %",
        f"(ΔAIC {worlds['cosine']['delta_aic'] - worlds['absolute_angle']['delta_aic']:.1f})",
        f"(ΔAIC {worlds['absolute_angle']['delta_aic']:.1f}; median"
        f" {100 * worlds['cosine/own_level']['median_deviation']:.0f} %, worst"
        f" {100 * worlds['cosine/own_level']['worst_deviation']:.0f} %)",
    ):
        assert phrase in FLAT, phrase


def test_example_runs(capsys):
    code = re.search(r"```python\n(.*?)```", README, re.S)
    assert code is not None
    names: dict[str, object] = {}
    exec(code.group(1), names)
    saved, gap = map(float, capsys.readouterr().out.split()[2:])
    assert abs(saved - gap) < 1e-9
    assert abs(np.sum(names["weights"]) - 1) < 1e-9


@pytest.mark.parametrize("line", mentioned(README))
def test_commands_exist(line):
    assert not unknown(line)


def test_options_and_names_of_commands_exist():
    real = [load(entry) for entry in ENTRIES.values()]
    options = {o for c in real for p in c.params if isinstance(p, click.Option) for o in (*p.opts, *p.secondary_opts)}
    assert {o for o in re.findall(r"`(--[a-z-]+)", README)} <= options | {"--help"}
    table = re.search(r"\| `dview` \|.*?\n\n", README, re.S)
    assert table is not None
    rows = [line.split("|")[1] for line in table.group().splitlines()[2:] if line]
    assert {name for row in rows for name in re.findall(r"`([\w-]+)", row)} == {
        entry.name for entry in ENTRIES.values() if entry.home.startswith("figures.command")
    }


def test_methods_of_explain_are_named():
    sentence = re.search(r"`--method` is ([^.(]*)", FLAT)
    (option,) = (p for p in load(ENTRIES["explain"]).params if p.name == "method")
    assert sentence is not None
    assert isinstance(option.type, click.Choice)
    assert set(re.findall(r"`([^`]+)`", sentence.group(1))) == set(option.type.choices)


def test_the_checks_of_commands_can_fail():
    assert len(mentioned(README)) >= 8
    assert unknown("dview explain --embedded --feature 3") == []
    assert unknown("dview explain --neuron 3  # --target") == ["--neuron"]
    assert unknown("dview tabel2") == ["tabel2"]
    assert mentioned("see `dview a\n--b` and\n```\ndview c \\\n  --d\n```\n") == ["dview a --b", "dview c    --d"]


@pytest.mark.parametrize("code", EXAMPLES, ids=lambda code: code.splitlines()[-1][:30])
def test_every_example_runs_from_its_own_imports(code):
    vision = "TorchWorld" in code
    for wanted, small in SMALLER.items() if vision else ():
        assert wanted in code
        code = code.replace(wanted, small)
    names: dict[str, object] = dict(STAND_INS) if vision else {}
    exec(code, names)
    if vision:
        assert names["images"].shape == (16, 3, 8, 8)
        assert float(STAND_INS["psi"](names["images"]).mean()) == pytest.approx(0.5, abs=0.05)
