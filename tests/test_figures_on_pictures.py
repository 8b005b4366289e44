"""`dview drift --embedded` and `dview strength --embedded`: prices, errors, files, and what is refused."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

from distributional_view.backends.embedded import described
from distributional_view.backends.embedded.described import Described
from distributional_view.backends.embedded.strength import QUICK
from distributional_view.figures import drift_embedded
from distributional_view.figures.artefact import save
from distributional_view.figures.command import figure_command
from distributional_view.figures.drift_embedded import compute, jackknife, likeness
from distributional_view.figures.strength_embedded import EmbeddedStrength, over_seeds
from distributional_view.theory import baseline, distortion


def pictures(n=300, seed=0) -> Described:
    """Made up: the class decides the score by half, and two features know the class."""
    rng = np.random.default_rng(seed)
    label = rng.integers(3, size=n)
    scores = rng.normal(size=n) + label
    logits = 2.0 * np.eye(10)[label] + 0.5 * rng.normal(size=(n, 10))
    pooled = np.eye(3)[label] + 0.1 * rng.normal(size=(n, 3))
    words = np.tile(label[:, None], (1, 5))
    return Described(
        scores, words, logits, pooled, lambda i: np.full((len(i), 1, 32, 32), -1.0) + i[:, None, None, None] / n
    )


@pytest.fixture
def made_up(monkeypatch):
    found = pictures()
    monkeypatch.setattr(described, "data_described", lambda feature: found)
    return found


def test_the_activation_is_held_and_the_bound_is_below(made_up):
    data = compute(457, word="bear")
    target = np.quantile(made_up.scores, drift_embedded.QUANTILE)
    word, reference = data.tasks
    for task in (word, reference):
        for step in [*task.curve, *(d.step for d in task.demands)]:
            assert step.mean == pytest.approx(target, abs=1e-6)
            assert step.bound <= step.distortion + 1e-9
        assert all(np.diff([s.distortion for s in task.curve]) > 0)
        assert all(np.diff([d.size for d in task.demands]) < 0)
        assert all(d.se > 0 for d in task.demands[1:])
    bears = [d.classes[0] for d in word.demands]
    assert bears[-1] > bears[0] + 0.3  # the picture is another one at the same activation
    assert word.correlation < 0  # bears have the lowest scores
    assert word.demands[-1].step.bound < 0.8 * word.demands[-1].step.distortion
    assert made_up.words[data.reference, 0] == 0
    assert data.provenance.parameters["word"] == "bear"


def test_the_word_that_is_shown_second_most_is_the_default(made_up):
    intrinsic = compute(457).intrinsic.masses
    shares = np.bincount(made_up.words[:, 0], weights=intrinsic, minlength=3)
    assert compute(457).word == ("bear", "bird", "cat")[int(np.argsort(-shares)[1])] == "bird"


def test_errors_are_those_of_other_draws():
    def one(seed):
        made = pictures(400, seed)
        g = (made.words[:, 0] == 0).astype(float)
        return baseline(made.scores, 2.0, masses=np.full(400, 1 / 400)), g

    spread = np.std([distortion(*one(seed), 0.25).value for seed in range(40)])
    told = np.mean([jackknife(*one(seed), 0.25) for seed in range(100, 104)])
    assert told == pytest.approx(spread, rel=0.35)


def test_an_error_that_nobody_knows_is_infinite(made_up):
    intrinsic = baseline(made_up.scores, 2.0, masses=np.full(300, 1 / 300))
    g = np.zeros(300)
    g[np.argmin(abs(made_up.scores - 2))] = 1.0
    assert jackknife(intrinsic, g, 0.5) == float("inf")


def test_likeness_is_a_cosine_from_the_mean():
    found = likeness(np.array([[0.0, 1], [0, 3], [2, 2]]), 0)
    assert found[0] == pytest.approx(1)
    away = np.array([[0.0, 1], [0, 3], [2, 2]]) - [2 / 3, 2]
    assert found[1] == pytest.approx(away[0] @ away[1] / np.linalg.norm(away[0]) / np.linalg.norm(away[1]))


def run(name, *arguments):
    return CliRunner().invoke(figure_command(name), [*arguments])


def test_drift_writes_its_files(made_up, tmp_path):
    result = run("drift", "--embedded", "--reference", "7", "--out", str(tmp_path))
    assert result.exit_code == 0, result.output
    assert {p.name for p in tmp_path.iterdir()} == {f"drift-embedded.{e}" for e in ("json", "png", "pdf")}
    content = json.loads((tmp_path / "drift-embedded.json").read_text())
    assert content["parameters"]["reference"] == 7
    word, _ = content["tasks"]
    assert len(word["drawn"]) == 1 + len(drift_embedded.SHARES)
    assert sum(word["drawn"][-1]["classes"].values()) == pytest.approx(1)


def test_strength_writes_its_files(tmp_path):
    cell = dict(strength=1.0, activation=2.0, activation_se=0.1, kid=0.5, kid_se=0.3, lpips=0.2, lpips_se=0.01)
    cells = [(None, 0.0), ("tilt", 1.0), ("constant", 1.0)]
    rows = [{"zeta": z, "factor": f, "seed": s, **cell} for z, f in cells for s in (0, 1)]
    rows[-1]["kid"] = 0.9
    solutions = [
        {"solution": name, "activation": a, "kid": a / 9, "kid_se": 0.1, "effective_size": 9.0}
        for a in (1, 2)
        for name in ("tilt", "truncation")
    ]
    means = over_seeds(rows)
    assert means[-1]["kid"] == pytest.approx(0.7)
    assert means[-1]["kid_se"] == pytest.approx(0.3 / 2**0.5)
    artefact = EmbeddedStrength(457, "zebra stripes", rows, solutions, 1.4, QUICK, 0)
    assert {p.name for p in save(artefact, tmp_path)} == {
        f"strength-embedded.{e}" for e in ("json", "png", "pdf", "md")
    }
    assert "EnergyDPS-constant" in (tmp_path / "strength-embedded.md").read_text()


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("drift", ["--word", "bear"], "--word bear: must be left out, or --embedded given too"),
        ("strength", ["--feature", "3"], "--feature 3: must be left out"),
        ("drift", ["--embedded", "--word", "tiger"], "word = 'tiger': must be one of bear, bird"),
        ("drift", ["--embedded", "--reference", "300"], "reference = 300: must be in 0..299"),
    ],
)
def test_what_does_not_fit_is_refused(made_up, tmp_path, name, arguments, said):
    result = run(name, *arguments, "--out", str(tmp_path / "out"))
    assert result.exit_code == 1
    assert said in str(result.exception) + result.output
    assert not (tmp_path / "out").exists()
