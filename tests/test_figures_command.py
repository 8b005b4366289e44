"""The main command: what it writes, in which shape, with which provenance, and that it repeats byte for byte."""

import json
import re

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from distributional_view.figures import fig1, table2
from distributional_view.figures.__main__ import main
from distributional_view.figures.output import Provenance, save_figure, style
from distributional_view.theory import calibrate_hard, calibrate_klsc
from distributional_view.theory.pools.retrieval import reweight_to
from distributional_view.toy.compare import METHODS
from distributional_view.toy.exact_samples import exact_samples
from distributional_view.toy.judge import judge_of
from distributional_view.toy.kde import smoothed_kls
from distributional_view.toy.table2 import METRICS, PRINTED, exact_table
from distributional_view.toy.world import TARGETS, paper_world, published_table2

FIGURES = ("fig1", "fig3", "drift", "bottleneck", "strength", "typical")
FILES = ("table2.json", "table2.md", "fig3.md", *(f"{n}.{e}" for n in FIGURES for e in ("png", "pdf", "json")))


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    def once(*arguments: str):
        out = tmp_path_factory.mktemp("out")
        result = CliRunner().invoke(main, [*arguments, "--out", str(out)])
        assert result.exit_code == 0, result.output
        return out, result.output

    return once


@pytest.fixture(scope="module")
def quick(run):
    return run("--quick", "--seed", "3")


def test_table2_json_has_the_agreed_shape(quick):
    content = json.loads((quick[0] / "table2.json").read_text())
    world = {"score", "radius", "sigma", "score_scale", "margin", "target_step", "bandwidth"}
    assert world <= set(content["world"])
    assert content["seed"] == 3
    assert [(r["target"], r["method"]) for r in content["rows"]] == [
        (t, m) for t in (5, 6, 7) for m in ("hard", "klsc")
    ]
    exact = exact_table(paper_world())
    for row in content["rows"]:
        assert set(row) == {"target", "method", "threshold", "multiplier", "exact", "sampled", "published"}
        assert row["exact"] == pytest.approx(exact[row["target"], row["method"]], rel=1e-9)
        assert all(set(row["sampled"][m]) == {"mean", "se"} for m in METRICS)
        assert row["published"] == {m: published_table2()[row["target"], row["method"]][m] for m in PRINTED}
        assert (row["multiplier"] is None) == (row["method"] == "hard")
    thresholds = {
        r["target"]: {q["threshold"] for q in content["rows"] if q["target"] == r["target"]} for r in content["rows"]
    }
    assert all(len(values) == 1 for values in thresholds.values())


def test_table_reads_on_its_own(quick):
    out, printed = quick
    text = (out / "table2.md").read_text()
    for label in table2.LABELS.values():
        assert text.count(f"| {label} |") == 6
    ratios = [float(line.split("|")[7]) for line in text.splitlines() if "| KL by KDE |" in line]
    assert len(ratios) == 6
    assert all(0.5 < r < 1.5 for r in ratios)
    assert "seed 3" in text
    assert "score_scale" in text
    assert "Table 2" in printed
    assert all(f"{out / name}"[-20:] in printed.replace("\n", "") for name in FILES)


def test_pictures_carry_their_provenance(quick):
    png = Image.open(quick[0] / "fig1.png")
    source = json.loads(png.info["Description"])
    assert "Theorem D.14" in source["statements"]
    assert source["parameters"]["radius"] == paper_world().radius
    assert np.asarray(png.convert("L")).std() > 10
    sidecar = json.loads((quick[0] / "fig1.json").read_text())
    assert len(sidecar["panels"]) == 2 * len(TARGETS)
    assert b"CreationDate" not in (quick[0] / "fig1.pdf").read_bytes()


def test_same_seed_same_bytes_other_seed_other_table(run, quick):
    again, other = run("all", "--quick", "--seed", "3")[0], run("table2", "--quick", "--seed", "4")[0]
    for name in FILES:
        assert (again / name).read_bytes() == (quick[0] / name).read_bytes(), name
    assert sorted(p.name for p in other.iterdir()) == ["table2.json", "table2.md"]
    rows = [json.loads((folder / "table2.json").read_text())["rows"] for folder in (quick[0], other)]
    assert all(a["exact"] == b["exact"] and a["sampled"] != b["sampled"] for a, b in zip(*rows, strict=True))


def test_fig1_densities_integrate_to_one():
    data = fig1.compute(paper_world(), quick=True)
    cell = (data.axis[1] - data.axis[0]) ** 2
    assert data.prior.sum() * cell == pytest.approx(1.0, abs=5e-3)
    for panel in data.panels:
        assert panel.density.sum() * cell == pytest.approx(1.0, abs=2e-2)
        mean = float((panel.density * data.score).sum() / panel.density.sum())
        assert mean == pytest.approx(panel.target, abs=0.03)
        empty = float((panel.density == 0).mean())
        assert (empty > 0.02) == (panel.method == "hard")


def test_unknown_names_are_refused():
    result = CliRunner().invoke(main, ["table3"])
    assert result.exit_code != 0
    assert re.search("table2.*fig1", result.output)


def test_results_are_whole_or_absent(tmp_path):
    """A number that JSON cannot hold stops the write before the file appears."""
    data = fig1.compute(paper_world(), quick=True)
    source = Provenance("t", ("Lemma D.1",), {"x": 1}, None)
    with style(), pytest.raises(ValueError, match="JSON compliant"):
        save_figure(fig1.draw(data), tmp_path, "f", source, {"bad": float("nan")})
    assert not (tmp_path / "f.json").exists()


def test_fig3_json_holds_every_method_at_its_target(quick):
    content = json.loads((quick[0] / "fig3.json").read_text())
    rows = {(r["target"], r["method"]): r for r in content["rows"]}
    assert set(rows) == {(t, m) for t in (5, 6, 7) for m in METHODS}
    for (target, method), row in rows.items():
        tolerance = content["tolerance"].get(method)
        if tolerance is not None:
            assert abs(row["mean"] - target) <= tolerance + 1e-5
        assert abs(row["mean"] - target) < 0.35, row
    for target in (5, 6, 7):
        kl = {m: rows[target, m]["kl_kde"] for m in METHODS}
        assert kl["EnergyDPS"] < kl["retrieval"] < kl["optimisation"]
        tv = {m: rows[target, m]["tv"] for m in METHODS}
        assert tv["exact-KLSC"] < 0.3 * tv["retrieval"] < 0.3 * tv["optimisation"]
        assert tv["EnergyDPS"] < 0.3 * tv["retrieval"]
        assert 1.7 < content["multiplier_over_strength"][str(target)] < 2.4
    text = (quick[0] / "fig3.md").read_text()
    assert all(text.count(f"| {method} |") == 3 for method in METHODS)


def test_strength_raises_the_score_and_the_distance(quick):
    content = json.loads((quick[0] / "strength.json").read_text())
    for curve in content["curves"]:
        for name in ("score", "wasserstein"):
            assert (np.diff(curve[name]["mean"]) > 0).all(), (curve["zeta"], name)
        kl, se = np.array(curve["kl_kde"]["mean"]), np.array(curve["kl_kde"]["se"])
        assert (np.diff(kl) > -3 * (se[1:] + se[:-1])).all()
        assert kl[-1] > 5 * kl[0]
    solutions = content["solutions"]
    assert (np.array(solutions["kl_hard"]) >= np.array(solutions["kl_klsc"])).all()


def test_judging_tells_samples_apart():
    world = paper_world()
    klsc = calibrate_klsc(world.law, 6.0)
    judge = judge_of(world, klsc, 0)
    good = judge(exact_samples(world, klsc, 1, 4000))
    bad = judge(exact_samples(world, calibrate_hard(world.law, 6.0), 1, 4000))
    pool = exact_samples(world, calibrate_klsc(world.law, world.law.mean), 2, 8000)
    weighted = judge(pool, reweight_to(np.asarray(world.psi(pool)), 6.0).weights)
    assert good.tv < 0.03 < 0.1 < bad.tv
    assert weighted.tv < 0.03
    assert good.wasserstein < 0.06 < 0.2 < bad.wasserstein
    [smoothed] = smoothed_kls(world, [klsc], [])
    assert good.kl_kde == pytest.approx(smoothed, abs=0.05)
