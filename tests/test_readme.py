"""The README's numbers and its example are those of the code."""

import re
from pathlib import Path

import numpy as np

from distributional_view.toy.fit import kl_column_bound
from distributional_view.toy.hypotheses import hypotheses
from distributional_view.toy.kde import kde, kl_on_grid, quadrature_nodes, world_grid
from distributional_view.toy.table2 import exact_table
from distributional_view.toy.world import TARGETS, paper_world, published_table2, recovered

README = (Path(__file__).resolve().parent.parent / "README.md").read_text()
FLAT = " ".join(README.split())


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
