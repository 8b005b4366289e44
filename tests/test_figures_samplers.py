"""`dview samplers`: the summary's rule, the table, the picture and the file, on rows that are made up here."""

import json

import pytest
from click.testing import CliRunner

from distributional_view.figures.command import main
from distributional_view.figures.samplers import COLUMNS, Samplers
from distributional_view.figures.samplers_drawn import figure
from distributional_view.figures.samplers_summary import label, reached, summaries


def row(method, feature="a", level=0.9, seed=0, solver="2M-SDE", **more):
    numbers = dict(
        mean_error_sd=0.1,
        signed_error_sd=-0.1,
        tv=0.2,
        tv_floor=0.15,
        kid=0.05,
        kid_se=0.03,
        agreement=0.5,
        agreement_se=0.05,
    )
    numbers |= dict(prior_tilt_agreement=0.5, data_tilt_agreement=0.6, reference_ess=900.0, near_duplicates=0.0)
    cost = dict(evaluations=20, backward=20, pictures=100, cpu_seconds=1.0)
    names = dict(world="embedded", feature=feature, level=level, method=method, seed=seed, solver=solver)
    return names | numbers | cost | more


TOY = row("hybrid", "target 7", 7.0, world="toy", kid=None, kid_se=None, agreement=None, near_duplicates=None) | {
    "prior_tilt_agreement": None,
    "data_tilt_agreement": None,
}


def test_reached_needs_the_mean_and_the_class():
    assert reached([row("m")])
    assert reached([row("m", agreement=0.59)])  # two standard errors of 100 pictures at .5 are .1
    assert not reached([row("m", agreement=0.61)])
    assert not reached([row("m", agreement=0.39)])
    assert not reached([row("m", signed_error_sd=-0.16)])
    assert reached([row("m", signed_error_sd=-0.16), row("m", signed_error_sd=0.16, seed=1)])
    assert not reached([row("m", agreement=0.59), row("m", agreement=0.59, seed=1)])  # more pictures, smaller error


def test_a_summary_is_the_mean_over_features_and_seeds():
    rows = [row("m", "a", tv=0.1), row("m", "a", seed=1, tv=0.3), row("m", "b", tv=0.8, signed_error_sd=0.9)]
    (found,) = summaries(rows)
    assert found.means["tv"] == pytest.approx(0.4)
    assert found.means["kid_se"] == pytest.approx(0.03 / 3**0.5)
    assert (found.reached, found.features, found.passes) == (1, 2, "20/20")


def test_solvers_are_told_apart():
    assert label(row("EnergyDPS")) == "EnergyDPS"
    assert label(row("EnergyDPS", solver="DDPM", evaluations=50)) == "EnergyDPS DDPM 50"
    assert label(row("prior-pool", solver=None, evaluations=None)) == "prior-pool"


def artefact():
    from distributional_view.backends.embedded.judge_methods import QUICK

    pool = row("prior-pool", solver=None, evaluations=None, backward=None)
    return Samplers([row("hybrid"), row("hybrid", level=0.95), pool, TOY], QUICK, {"a": 0.9, "b": None}, 0)


def test_the_file_has_every_column_and_null_where_one_does_not_apply():
    content = json.loads(json.dumps(artefact().numbers(), allow_nan=False))
    assert {tuple(r) for r in content["rows"]} == {COLUMNS}
    assert content["rows"][-1]["kid"] is None
    assert content["rows"][2]["evaluations"] is None
    assert content["settings"]["pool_trusted_up_to"] == {"a": 0.9, "b": None}
    table = artefact().table()
    assert table.rows[-1][:3] == ("toy", "7", "hybrid")
    assert "a 90 %, b none" in table.note


def test_the_picture_has_a_line_for_each_method_in_each_panel():
    rows = [row(m, level=q) for m in ("hybrid", "another") for q in (0.9, 0.95)]
    drawn = figure([*rows, TOY])
    tv = drawn.axes[1]
    lines = {c.get_label(): c.lines[0].get_xydata().tolist() for c in tv.containers}
    assert lines == {m: [[90.0, 0.2], [95.0, 0.2]] for m in ("hybrid", "another")}
    assert drawn.axes[4].get_yscale() == "log"


def test_the_legend_says_who_ran_on_some_features_alone():
    rows = [*(row("hybrid", feature) for feature in "ab"), row("another", "a"), TOY, TOY | {"method": "another"}]
    legend = [text.get_text() for text in figure(rows).legends[0].get_texts()]
    assert legend == ["hybrid", "another (1 of 2 features)", "exact draws", "data's tilt"]


def test_a_feature_without_a_number_or_a_name_is_refused(tmp_path):
    wrong = CliRunner().invoke(main, ["samplers", "--features", "zebra", "--out", str(tmp_path)])
    assert wrong.exit_code == 2
    assert "'zebra': must be a whole number" in wrong.output
    unnamed = CliRunner().invoke(main, ["samplers", "--features", "3", "--out", str(tmp_path)])
    assert unnamed.exit_code == 1
    assert "features = 3: must be among those with a name" in unnamed.output
    assert not list(tmp_path.iterdir())
