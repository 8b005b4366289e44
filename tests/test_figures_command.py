"""The main command: what it writes, in which shape, with which provenance, and that it repeats byte for byte."""

import json
import re
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from distributional_view.figures import artefact, bottleneck, fig1, fig3, table2
from distributional_view.figures.artefact import Artefact, Settings, compute_of, save
from distributional_view.figures.command import ALL, figure_command, main
from distributional_view.figures.registry import NAMES
from distributional_view.theory import calibrate_hard, calibrate_klsc
from distributional_view.theory.pools.retrieval import reweight_to
from distributional_view.theory.progress import silent
from distributional_view.toy.compare import METHODS
from distributional_view.toy.exact_samples import exact_samples
from distributional_view.toy.judge import judge_of
from distributional_view.toy.kde import smoothed_kls
from distributional_view.toy.table2 import METRICS, PRINTED, exact_table
from distributional_view.toy.world import TARGETS, paper_world, published_table2

FIGURES = ("fig1", "fig3", "drift", "bottleneck", "strength", "typical")
FILES = ("table2.json", "table2.md", "fig3.md", *(f"{n}.{e}" for n in FIGURES for e in ("png", "pdf", "json")))


EXACT = ("fig1", "drift", "bottleneck", "typical")


@pytest.fixture(scope="module", autouse=True)
def small():
    """The prompts have one target."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bottleneck, "TARGETS", (bottleneck.DRAWN,))
        yield


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    def once(*arguments: str):
        out = tmp_path_factory.mktemp("out")
        result = CliRunner().invoke(main, [*arguments, "--out", str(out)])
        assert result.exit_code == 0, result.output
        return out, result.output

    return once


@pytest.fixture(scope="module")
def made():
    """What `quick` computed, by name."""
    return {}


@pytest.fixture(scope="module")
def quick(run, made):
    publish = artefact.publish

    def kept(found, out, console):
        made[found.name] = found
        return publish(found, out, console)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(artefact, "publish", kept)
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


def test_the_same_data_gives_the_same_bytes(quick, made, tmp_path):
    assert list(made) == list(NAMES)
    for found in made.values():
        save(found, tmp_path)
    assert {p.name for p in tmp_path.iterdir()} == set(FILES)
    for name in FILES:
        assert (tmp_path / name).read_bytes() == (quick[0] / name).read_bytes(), name


@pytest.mark.parametrize("name", ["table2", "strength", *EXACT])
def test_the_same_seed_gives_the_same_numbers(quick, made, name):
    again = compute_of(name)(Settings(paper_world(), 3, quick=True), silent)
    assert json.dumps(again.numbers()) == json.dumps(made[name].numbers())


def test_the_same_seed_gives_the_same_samples(quick, monkeypatch):
    """Figure 3 at one target: every sampled number is that of the whole figure."""
    monkeypatch.setattr(fig3, "TARGETS", (5.0,))
    again = json.loads(json.dumps(fig3.compute(Settings(paper_world(), 3, quick=True)).numbers()))
    whole = json.loads((quick[0] / "fig3.json").read_text())
    assert again["rows"] == [row for row in whole["rows"] if row["target"] == 5]
    assert again["floors"] == whole["floors"][:1]


def test_another_seed_gives_another_table(run, quick):
    other = run("table2", "--quick", "--seed", "4")[0]
    assert sorted(p.name for p in other.iterdir()) == ["table2.json", "table2.md"]
    rows = [json.loads((folder / "table2.json").read_text())["rows"] for folder in (quick[0], other)]
    assert all(a["exact"] == b["exact"] and a["sampled"] != b["sampled"] for a, b in zip(*rows, strict=True))


def test_every_artefact_keeps_the_protocol(quick, made):
    for name, found in made.items():
        assert isinstance(found, Artefact)
        assert found.name == name
        source, content = found.provenance, found.numbers()
        assert content["statements"] == list(source.statements) != []
        assert content["seed"] == source.seed == (None if name in EXACT else 3)
        assert content.get("parameters", content.get("world")) == source.parameters
        assert (found.table() is None) == (name not in ("table2", "fig3"))


@pytest.mark.parametrize("name", [*NAMES, ALL])
def test_each_name_has_a_command_of_its_own(tmp_path, monkeypatch, name):
    asked = []
    monkeypatch.setattr(artefact, "produce", lambda *arguments: asked.append(arguments) or [])
    result = CliRunner().invoke(figure_command(name), ["--out", str(tmp_path), "--seed", "7", "--quick"])
    assert result.exit_code == 0, result.output
    assert [(found, out) for found, _, out, _ in asked] == [(n, tmp_path) for n in (NAMES if name == ALL else [name])]
    assert all((settings.seed, settings.quick) == (7, True) for _, settings, _, _ in asked)


def test_help_imports_nothing_heavy():
    code = """
import sys
from click.testing import CliRunner
from distributional_view.figures.command import figure_command, main
from distributional_view.figures.registry import NAMES
for command in (main, *main.commands.values(), *map(figure_command, [*NAMES, "all"])):
    shown = CliRunner().invoke(command, ["--help"])
    assert shown.exit_code == 0 and "--help" in shown.output, shown
print(*{"jax", "torch", "matplotlib", "numpy", "scipy"} & set(sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_fig1_densities_integrate_to_one():
    data = fig1.compute(Settings(paper_world(), quick=True))
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
    """A number that JSON cannot hold stops the write before a file appears."""
    data = fig1.compute(Settings(paper_world(), quick=True))
    bad = replace(data, panels=[replace(data.panels[0], kl=float("nan")), *data.panels[1:]])
    with pytest.raises(ValueError, match="JSON compliant"):
        save(bad, tmp_path)
    assert not list(tmp_path.iterdir())


def test_settings_and_names_are_checked():
    with pytest.raises(ValueError, match="seed = -1: must be >= 0"):
        Settings(paper_world(), -1)
    with pytest.raises(ValueError, match="name = 'table3': must be one of table2, fig1"):
        compute_of("table3")


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
