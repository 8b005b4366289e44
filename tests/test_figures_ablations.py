"""`dview layers` and `dview priors`: files, tables and pictures of rows that are made up here; bad options."""

import json
from dataclasses import dataclass, replace

import matplotlib.pyplot as plt
import numpy as np
import pytest
from click.testing import CliRunner

from distributional_view.figures.command import main
from distributional_view.figures.layers import PANELS, WORDS, Layers
from distributional_view.figures.paradigms_drawn import PICTURES, Method
from distributional_view.figures.priors import Priors

METHODS = (Method("fog", "activation maximisation", "climbs"), Method("found", "dataset search", "looks"))


def shown(row):
    return np.full((PICTURES, 32, 32), 99, dtype=np.uint8), np.arange(1.0, PICTURES + 1)


def cell(method, stage, feature, level=0.95, **more):
    numbers = dict(kid=1.0, kid_tilt=0.5, naturalness=9.0, diversity=1.0 + feature, prior_loss=0.1, agreement=0.5)
    name = f"stage {stage}: {feature}"
    told = dict(feature=feature, name=name, method=method, level=level, target=2.0, activation=2.0, seed=0)
    return numbers | told | {"reached": True, "off": 0.1, "shown": "kept"} | more


@pytest.fixture
def layers():
    found = []
    for stage in (1, 2):
        best = [cell("retrieved", stage, f, None, reached=None, off=None, kid_tilt=None) for f in (0, 1)]
        rows = [cell(method.method, stage, feature) for feature in (0, 1) for method in METHODS]
        rows[0] |= {"reached": False}
        found.append((f"stage {stage} block 0", 0.9, [*best, *rows]))
    return Layers(found, METHODS, {"hooks": [[1, 0], [2, 0]]}, 0, shown)


def test_layers_are_summarised_over_features(layers):
    content = json.loads(json.dumps(layers.numbers(), allow_nan=False))
    assert [found["layer"] for found in content["layers"]] == ["stage 1 block 0", "stage 2 block 0"]
    first = content["layers"][0]
    assert "shown" not in first["rows"][0]
    assert first["means"]["fog"]["diversity"] == {"mean": 1.5, "se": 0.5}
    assert first["means"]["retrieved"]["kid_tilt"] == {"mean": None, "se": None}
    lines = layers.table().markdown()
    assert lines.count("1 of 2") == 2
    assert "stage 1 block 0 90%" in " ".join(lines.split())


def titles(names):
    return [WORDS.get(name, name) for name in names]


def test_layers_show_a_feature_each(layers):
    drawn = layers.draw()
    assert list(drawn) == ["layers", "layers-measures"]
    (axes,) = drawn["layers"].axes
    assert len(axes.images) == 2 * 3 * PICTURES
    assert {"stage 1: 0", "stage 2: 0"} <= {text.get_text() for text in axes.texts}
    panels = drawn["layers-measures"].axes
    assert [axes.get_title(loc="center") or axes.get_title(loc="left") for axes in panels] == titles(PANELS[:3])
    assert {c.get_label(): c.lines[0].get_ydata().tolist() for c in panels[2].containers}["fog"] == [1.5, 1.5]
    plt.close("all")


def test_a_column_that_was_not_measured_makes_room_for_the_next(layers):
    without = [(name, told, [row | {"agreement": None} for row in rows]) for name, told, rows in layers.layers]
    found = replace(layers, layers=without)
    panels = found.draw()["layers-measures"].axes
    shown_ = [axes.get_title(loc="center") or axes.get_title(loc="left") for axes in panels]
    assert shown_ == titles(("kid_tilt", "diversity", "prior_loss"))
    assert WORDS["agreement"] not in found.table().header
    assert WORDS["agreement"] in layers.table().header
    plt.close("all")


@dataclass(frozen=True)
class Budget:
    """In place of `backends.embedded.prior_experiment.PriorBudget`, which needs torch."""

    classes: tuple = ("cow",)


def test_priors_stand_beside_their_tilts():
    def row(prior, what, **more):
        told = dict(feature=1, name="stripes", prior=prior, what=what, level=0.95, target=2.0, activation=2.0)
        numbers = dict(kid=1.0, kid_se=0.1, kid_home=2.0, kid_home_se=0.2, home=0.25, reached=None, shown="kept")
        numbers |= dict(tv=None, tv_floor=None)
        return told | numbers | {"shares": {"cow": 0.25, "dog": 0.75}} | more

    missing = dict.fromkeys(("activation", "home", "shares", "kid", "kid_home", "shown"))
    rows = [
        row("the data", "its tilt"),
        row("wide", "unguided"),
        row("wide", "its tilt", **missing),
        row("wide", "EnergyDPS", reached=False, tv=0.125, tv_floor=0.0625),
    ]
    found = Priors(rows, Budget(), 0, shown)
    content = json.loads(json.dumps(found.numbers(), allow_nan=False))
    assert (content["rows"][3]["tv"], content["rows"][3]["tv_floor"]) == (0.125, 0.0625)
    assert "shown" not in content["rows"][0]
    lines = " ".join(found.table().markdown().split())
    assert "out of reach" in lines
    assert "1.00 ± 0.10" in lines
    assert "0.12 (0.06)" in lines
    drawn = found.draw()
    assert list(drawn) == ["priors", "priors-classes"]
    assert "0.12 (0.06)" in [text.get_text() for text in drawn["priors-classes"].axes[0].texts]
    assert len(drawn["priors"].axes[0].images) == 3 * PICTURES
    bars = drawn["priors-classes"].axes[0].patches
    assert [bar.get_width() for bar in bars] == [0.25, 0.75] * 3
    assert "out of reach" in [text.get_text() for text in drawn["priors-classes"].axes[0].texts]
    plt.close("all")


@pytest.mark.parametrize(
    ("command", "options", "says"),
    [
        ("layers", ["--hooks", "two"], "'two': must be stage.block"),
        ("layers", ["--hooks", "3.1"], "block = 1: must be in [0, 0] for stage 3"),
        ("layers", ["--method", "magic"], "method = 'magic': must be one of"),
        ("priors", ["--classes", "unicorn"], "class = 'unicorn': must be one of"),
        ("priors", ["--features", "3"], "features = 3: must be among those with a name"),
        ("priors", ["--features", "zebra"], "'zebra': must be a whole number"),
    ],
)
def test_bad_options_are_refused(tmp_path, command, options, says):
    wrong = CliRunner().invoke(main, [command, *options, "--out", str(tmp_path)])
    assert wrong.exit_code != 0
    assert says in " ".join(wrong.output.split())
    assert not list(tmp_path.iterdir())
