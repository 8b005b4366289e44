"""`dview paradigms`: file, table, pictures and plot, on rows that are made up here; bad options."""

import json
from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np
import pytest
from click.testing import CliRunner

from distributional_view.figures.command import main
from distributional_view.figures.paradigms import COLUMNS, Paradigms
from distributional_view.figures.paradigms_drawn import COLORS, PICTURES, Method, finer, grid
from distributional_view.figures.paradigms_plot import styles
from distributional_view.figures.paradigms_summary import estimate, line, summaries

METHODS = (
    Method("fog", "activation maximisation", "climbs"),
    Method("found", "dataset search", "looks"),
    Method("another", "something new", "does so too"),
)
SPEC = (
    "feature name level method seed activation kid naturalness diversity prior_loss near_duplicates agreement seconds "
    "peak_mib"
)


@dataclass(frozen=True)
class Budget:
    """In place of `backends.paradigms.budget.ParadigmBudget`, which needs torch."""

    n: int = 6
    seeds: int = 2


def row(method, name="stripes", level=0.95, seed=0, **more):
    numbers = dict(activation=10.0, kid=1.0, kid_tilt=0.5, naturalness=9.0, diversity=1.2, prior_loss=0.1)
    numbers |= dict(near_duplicates=0.25, agreement=0.5, seconds=1.0, search_seconds=2.0, peak_mib=8.0, reached=True)
    names = dict(
        feature=sum(map(ord, name)), name=name, level=level, target=10.0, method=method, seed=seed, problem=None
    )
    return names | numbers | {"shown": "kept" if seed == 0 else None} | more


def shown(row):
    return np.full((PICTURES, 32, 32), 99, dtype=np.uint8), np.arange(1.0, PICTURES + 1)


@pytest.fixture
def artefact():
    names = ("stripes", "heads", "legs", "wings")
    rows = [
        row(method.method, name, level, seed)
        for name in names
        for level in (0.8, 0.95)
        for method in METHODS
        for seed in (0, 1)
    ]
    rows[0] |= {"reached": False, "kid": None, "peak_mib": None}
    best = [row("retrieved", name, None, kid_tilt=None) for name in names]
    return Paradigms(rows, best, METHODS, Budget(), 0, shown)


def test_the_file_has_every_column_and_no_pictures(artefact):
    content = json.loads(json.dumps(artefact.numbers(), allow_nan=False))
    assert {tuple(r) for r in [*content["rows"], *content["retrieved"]]} == {COLUMNS}
    assert set(SPEC.split()) <= set(COLUMNS)
    assert len(content["rows"]) == 4 * 2 * 3 * 2
    assert len(content["retrieved"]) == 4
    assert content["rows"][0]["kid"] is None
    assert content["settings"]["methods"][0] == METHODS[0]._asdict()
    assert content["settings"]["parameters"]["shown_level"] == 0.95


def test_errors_are_those_of_the_seeds():
    rows = [row("m", "a", kid=1.0), row("m", "a", seed=1, kid=2.0), row("m", "bb", kid=5.0)]
    assert estimate(rows, "kid") == (3.25, None)  # one seed of a feature tells no error
    rows.append(row("m", "bb", seed=1, kid=9.0))
    found = estimate(rows, "kid")
    assert found.mean == pytest.approx((1.5 + 7) / 2)
    assert found.error == pytest.approx((0.5 / 2 + 8 / 2) ** 0.5 / 2)
    assert estimate([row("m", kid=None)], "kid") == (None, None)


def test_a_line_for_each_level_and_method_and_the_yardstick_first(artefact):
    lines = [line(s) for s in summaries(artefact.rows, artefact.retrieved)]
    assert [(found[0], found[1]) for found in lines] == [
        ("highest scores", "retrieved"),
        *(("80 %", method.method) for method in METHODS),
        *(("95 %", method.method) for method in METHODS),
    ]
    assert lines[0][2:5] == ("–", "1.00", "–")
    assert lines[1][2] == "7 of 8"
    assert lines[2][3:5] == ("1.00 ± 0.00", "0.50 ± 0.00")
    assert artefact.table().markdown().count("\n| ") == len(lines) + 2


def test_three_features_a_page_with_a_number_under_each_picture(artefact):
    drawn = artefact.draw()
    assert list(drawn) == ["paradigms", "paradigms-2", "paradigms-tradeoff"]
    for name, features in (("paradigms", 3), ("paradigms-2", 1)):
        (axes,) = drawn[name].axes
        assert len(axes.images) == features * (1 + len(METHODS)) * PICTURES
        words = [text.get_text() for text in axes.texts]
        assert words.count("3.0") == features * (1 + len(METHODS))
        assert "Activation maximisation" in words
        assert "does so too" in words
        assert "missed" not in words  # the one that missed is of another level
    assert drawn["paradigms"].axes[0].images[0].get_array().max() == 99
    missed = Paradigms([{**r, "reached": False} for r in artefact.rows], [], METHODS, artefact.budget, 0, shown)
    assert "missed" in [text.get_text() for text in missed.draw()["paradigms"].axes[0].texts]
    plt.close("all")


def test_scores_below_one_have_digits_that_tell_them_apart(artefact):
    assert [finer(target) for target in (10.0, 1.0, 0.22, 0.022, 0.0)] == [0, 0, 1, 2, 0]
    small = [{**r, "target": 0.22, "activation": 0.219} for r in artefact.rows]
    drawn = Paradigms(small, [], METHODS, artefact.budget, 0, shown).draw()["paradigms"]
    words = [text.get_text() for text in drawn.axes[0].texts]
    assert "level: 0.220, above 95 % of all pictures" in words
    assert "mean\n0.219" in words
    assert "3.00" in words
    plt.close("all")


def test_rows_of_one_heading_with_levels_of_their_own_name_none_of_them():
    rows = [row(method.method) | {"target": 3.0 + place} for place, method in enumerate(METHODS)]
    words = [text.get_text() for text in grid(rows, METHODS, ["stripes"], 0.95, shown).axes[0].texts]
    assert "each level: above 95 % of all pictures" in words
    assert not any(word.startswith("level:") for word in words)


def test_paradigms_keep_their_colours_where_one_is_missing():
    def colors(*paradigms):
        methods = [Method(str(place), name, "does so") for place, name in enumerate(paradigms)]
        drawn = grid([row(m.method) for m in methods], methods, ["stripes"], 0.95, shown).axes[0].texts
        return {text.get_text(): text.get_color() for text in drawn if text.get_text().lower() in paradigms}

    assert colors("dataset search", "soft constraint") == {"Dataset search": COLORS[1], "Soft constraint": COLORS[3]}
    assert colors("one prior", "another") == {"One prior": COLORS[0], "Another": COLORS[1]}


def test_pictures_are_drawn_in_their_colours(artefact):
    def blue(row):
        return np.full((PICTURES, 8, 8, 3), (9, 99, 199), dtype=np.uint8), np.arange(1.0, PICTURES + 1)

    drawn = Paradigms(artefact.rows, [], METHODS, artefact.budget, 0, blue).draw()["paradigms"]
    drawn.canvas.draw()
    seen = np.asarray(drawn.canvas.buffer_rgba())[..., :3].reshape(-1, 3)
    assert (seen == (9, 99, 199)).all(1).mean() > 0.1
    plt.close("all")


def test_settings_of_local_weights_stand_beside_the_others(artefact):
    more = {"made_of": {"size": 256}, "left_out": {"DEXTER": "no words"}}
    own = Paradigms(artefact.rows, artefact.retrieved, METHODS, artefact.budget, 0, shown, more, "KID: on mine.")
    settings = own.numbers()["settings"]
    assert settings["left_out"] == more["left_out"]
    assert settings["methods"] == artefact.numbers()["settings"]["methods"]
    assert "KID: on mine." in own.table().markdown()
    assert "classifier" in artefact.table().markdown()


def test_the_plot_has_every_method_at_every_level(artefact):
    figure = artefact.draw()["paradigms-tradeoff"]
    above = figure.axes[0]
    lines = {c.get_label(): c.lines[0].get_xydata().tolist() for c in above.containers}
    assert lines == {method.method: [[10.0, 0.5], [10.0, 0.5]] for method in METHODS}
    assert figure.axes[0].get_title() == "stripes"
    assert len({color for _, color, _ in styles(METHODS)}) == len(METHODS)
    plt.close("all")


def test_the_shown_level_is_95_or_the_middle_one(artefact):
    assert artefact.level == 0.95
    others = [{**r, "level": {0.8: 0.5, 0.95: 0.9}[r["level"]]} for r in artefact.rows]
    assert Paradigms(others, [], METHODS, artefact.budget, 0, shown).level == 0.9


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--features", "zebra"], "'zebra': must be a whole number"),
        (["--features", "3"], "features = 3: must be among those with a name"),
        (["--levels", "high"], "'high': must be a number in (0, 1)"),
        (["--levels", "0.8,1.5"], "level = 1.5: must be in (0, 1)"),
    ],
)
def test_bad_options_are_refused(tmp_path, options, says):
    wrong = CliRunner().invoke(main, ["paradigms", *options, "--out", str(tmp_path)])
    assert wrong.exit_code != 0
    assert says in " ".join(wrong.output.split())
    assert not list(tmp_path.iterdir())
