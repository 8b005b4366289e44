"""Other priors of the embedded world: narrowed, of a folder, and what is measured of them."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from distributional_view.backends.embedded import narrow, prior_experiment, train
from distributional_view.backends.embedded.animals import CLASSES, Animals, load_animals, of_classes
from distributional_view.backends.embedded.features import read_named
from distributional_view.backends.embedded.methods import shared
from distributional_view.backends.embedded.narrow import as_seen, grey, narrowed, of_folder, wide
from distributional_view.backends.embedded.prior_experiment import DATA, GUIDED, TILT, UNGUIDED, PriorBudget
from distributional_view.backends.embedded.store import load_prior, read_record
from distributional_view.backends.paradigms.kept import shown
from distributional_view.errors import UserError
from tests.support import tiny_priors

torch.set_num_threads(1)
HOME = ("cow", "horse")


def test_pictures_of_some_classes_keep_their_order():
    animals = Animals(torch.arange(6.0).reshape(6, 1, 1, 1), torch.tensor([3, 0, 7, 3, 9, 7]))
    found = of_classes(animals, HOME)
    assert found.labels.tolist() == [3, 7, 3, 7]
    assert found.images.flatten().tolist() == [0, 2, 3, 5]
    with pytest.raises(ValueError, match="class = 'unicorn': must be one of bear"):
        of_classes(animals, ["unicorn"])
    with pytest.raises(ValueError, match=r"classes = .*at least one"):
        of_classes(animals, [])


def test_a_narrow_prior_is_trained_once_from_the_worlds_own(tmp_path, monkeypatch):
    parts = [of_classes(part, HOME) for part in load_animals()]
    monkeypatch.setattr(train, "load_animals", lambda: [Animals(p.images[:20], p.labels[:20]) for p in parts])
    monkeypatch.setattr(narrow, "PLAN", replace(narrow.PLAN, batch=4))
    folder = narrowed(tmp_path / "narrow", HOME, 2)
    record = read_record("prior", folder)
    assert record.training["inputs"]["classes"] == "cow,horse"
    own, changed = load_prior().state_dict(), load_prior(folder).state_dict()
    moved = [float((changed[name] - own[name]).abs().max()) for name in own]
    assert 0 < max(moved) < 0.02
    monkeypatch.setattr(narrow, "train_unet", lambda *_: pytest.fail("trained again"))
    assert narrowed(folder, HOME, 2) == folder
    with pytest.raises(UserError, match="of another training"):
        narrowed(folder, ("zebra",), 2)
    with pytest.raises(ValueError, match="class = 'unicorn'"):
        narrowed(tmp_path / "none", ("unicorn",), 2)
    assert not (tmp_path / "none").exists()


def test_a_colour_prior_of_another_size_is_seen_in_grey(tmp_path):
    tiny_priors.save_pixels(tmp_path / "faces", size=16)
    candidate = of_folder(tmp_path / "faces")
    psi = shared().layer.score(457)
    world = candidate.world_of(psi, 3, "log-SNR")
    assert candidate.name == "faces"
    x = torch.rand(2, *world.shape) * 2 - 1
    assert world.score(x).numpy() == pytest.approx(psi(grey(x)).numpy())
    assert as_seen(world, x).shape == (2, 1, 32, 32)
    own = torch.rand(2, 1, 32, 32)
    assert torch.equal(grey(own), own)


def test_shares_are_compared_with_those_predicted():
    one = {"shares": {"cow": 0.5, "horse": 0.5}}
    assert prior_experiment.to_prediction(one, {"shares": {"cow": 1.0, "horse": 0.0}}) == pytest.approx(0.5)
    assert prior_experiment.to_prediction(one, {"shares": None}) is None


def test_the_floor_counts_both_samples():
    """Of a cell with few pictures most of the distance is chance."""
    tilt = {"shares": {"cow": 0.5, "horse": 0.5}, "effective_size": 40.2}
    guided = {"feature": 3, "shares": {"cow": 0.25, "horse": 0.75}, "effective_size": 24.0}
    lowest = prior_experiment.floor(guided, tilt, 0)
    sd = (0.25 / 24 + 0.25 / 40) ** 0.5
    assert lowest == pytest.approx(sd * (2 / np.pi) ** 0.5, rel=0.03)
    assert prior_experiment.floor(guided, tilt, 0) == lowest
    fewer = prior_experiment.floor(guided | {"effective_size": 6.0}, tilt, 0)
    assert fewer > 1.5 * lowest
    assert prior_experiment.floor(guided, {"shares": None, "effective_size": None}, 0) is None


def test_bad_sizes_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"levels = .*must be one"):
        PriorBudget(cells=replace(PriorBudget().cells, levels=(0.8, 0.9)))
    with pytest.raises(ValueError, match=r"names of priors = .*all different"):
        prior_experiment.run(tmp_path, prior_experiment.QUICK, [wide(), wide()], 0, [])


@pytest.mark.slow
def test_rows_are_those_of_the_reweighted_pictures_and_made_once(tmp_path, monkeypatch):
    cells = replace(prior_experiment.QUICK.cells, n=3, steps=3, runs=3, tolerance=3.0)
    budget, feature = PriorBudget(HOME, 1, 2, 20, cells), read_named()[3]
    rows = prior_experiment.run(tmp_path, budget, [wide()], 0, [feature])
    cellsof = [(row["prior"], row["what"]) for row in rows]
    home = f"{DATA} of home"
    assert cellsof == [(DATA, TILT), (home, TILT), *(("all classes", what) for what in (UNGUIDED, TILT, GUIDED))]
    scores = shared().activation(feature.index)
    for row in rows[:2]:
        assert row["activation"] == pytest.approx(np.quantile(scores, 0.95))
    assert rows[0]["home"] < rows[1]["home"]
    assert rows[1]["home"] > 0.9  # by the classifier, which may err
    assert rows[1]["kid_home"] < rows[0]["kid_home"]
    assert sum(rows[0]["shares"].values()) == pytest.approx(1)
    assert set(rows[0]["shares"]) == set(CLASSES)
    assert rows[2]["effective_size"] == pytest.approx(20)
    assert all(len(shown(row)[0]) <= 4 for row in rows if row["shown"])
    monkeypatch.setattr(prior_experiment._Runner, "row", lambda *_: pytest.fail("made again"))
    assert prior_experiment.run(tmp_path, budget, [wide()], 0, [feature]) == rows
