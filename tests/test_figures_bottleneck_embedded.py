"""The split on pictures as numbers, table and bars."""

import json

import numpy as np
import pytest
from click.testing import CliRunner
from matplotlib.patches import Rectangle

from distributional_view.backends.embedded.split_experiment import SplitBudget
from distributional_view.figures.bottleneck_embedded import EmbeddedBottleneck
from distributional_view.figures.command import figure_command


def row(method, overshoot=0.25, **changed):
    found = {
        "feature": 457,
        "name": "zebra stripes",
        "level": 0.95,
        "target": 10.0,
        "method": method,
        "prompt": None,
        "activation": 10.5,
        "activation_sd": 1.0,
        "agreement": 0.75,
        "level_nats": [1.5, 0.02],
        "bottleneck": [0.5, None],
        "floor": 0.125,
        "bottleneck_halves": [0.375, 0.1],
        "overshoot": [overshoot, 0.05],
        "kl": [2.0 + overshoot, 0.1],
        "unsplit": None,
        "knob": 1.0,
        "problem": None,
        "prior_mean": 5.0,
    }
    return found | changed


NONE = dict.fromkeys(("level_nats", "bottleneck", "floor", "bottleneck_halves", "overshoot", "kl"))


@pytest.fixture
def data():
    rows = [
        row("DEXTER", prompt=["dark", "large"]),
        row("EnergyDPS", -0.5),
        row("exact draws") | NONE | {"unsplit": "ends"},
    ]
    return EmbeddedBottleneck(rows, SplitBudget(), 7, lambda _: None)


def test_numbers_name_every_estimate_and_leave_null_what_is_not_known(data):
    found = json.loads(json.dumps(data.numbers(), allow_nan=False))
    first, second, third = found["rows"]
    assert first["level_nats"] == {"value": 1.5, "se": 0.02}
    assert first["bottleneck"] == {"value": 0.5, "se": None}
    assert second["overshoot"]["value"] == -0.5
    assert third["kl"] is None
    assert third["unsplit"] == "ends"
    assert found["seed"] == 7


def test_the_table_has_words_parts_and_dashes(data):
    lines = data.table().rows
    assert "DEXTER (dark large)" in lines[0]
    assert {"1.50 ± 0.02", "0.50", "0.12", "0.38 ± 0.10", "0.25 ± 0.05", "75%"} <= set(lines[0])
    assert lines[2].count("–") == 5


def test_bars_add_up_to_the_divergence_and_what_falls_short_is_drawn_back(data):
    (figure,) = data.draw().values()
    bars = [p for p in figure.axes[0].patches if isinstance(p, Rectangle)]
    over, short = bars[:3], bars[3:6]
    assert over[-1].get_x() + over[-1].get_width() == pytest.approx(2.25)
    assert [b.get_width() for b in short] == pytest.approx([1.5, 0.5, -0.5])
    assert short[2].get_hatch()
    assert not over[2].get_hatch()
    chance = [line.get_xdata()[0] for line in figure.axes[0].lines]
    assert np.allclose(chance, [1.625, 1.625])


@pytest.mark.parametrize("option", ["--features", "--levels"])
def test_options_of_pictures_are_refused_in_the_toy_world(option, tmp_path):
    result = CliRunner().invoke(figure_command("bottleneck"), [option, "0.5", "--out", str(tmp_path)])
    assert result.exit_code != 0
    assert f"{option} 0.5: must be left out" in f"{result.output}{result.exception}"
