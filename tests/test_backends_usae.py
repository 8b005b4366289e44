"""A dictionary shared by backbones: planted concepts are found in both, training resumes exactly, the measures."""

import json
from dataclasses import replace

import pytest
import torch
from click.testing import CliRunner
from torch.nn import functional

from distributional_view.backends.__main__ import main
from distributional_view.backends.embedded import animals
from distributional_view.backends.embedded.animals import Animals, load_animals
from distributional_view.backends.usae import job, second
from distributional_view.backends.usae.dictionary import UniversalDictionary, standard_of
from distributional_view.backends.usae.measures import universality
from distributional_view.backends.usae.train import UniversalSettings, train_universal
from distributional_view.errors import UserError

SETTINGS = UniversalSettings(codes=12, top_k=2, steps=300, batch=16, learning_rate=1e-2, save_every=100)


def planted(n, seed):
    """Activations (n, 8, 3, 3) and (n, 6, 3, 3) of eight concepts that both have, two at each position."""
    fixed = torch.Generator().manual_seed(1)
    directions = [functional.normalize(torch.randn(8, c, generator=fixed), dim=1) for c in (8, 6)]
    rng = torch.Generator().manual_seed(seed)
    strength = torch.rand(n, 8, 3, 3, generator=rng)
    strength = strength * (strength >= strength.topk(2, dim=1).values[:, 1:])
    return [torch.einsum("nkhw,kc->nchw", strength, d) for d in directions]


@pytest.fixture(scope="module")
def trained():
    return train_universal(planted(200, 0), SETTINGS)


def test_codes_of_one_backbone_reconstruct_the_other(trained):
    found = universality(trained, planted(60, 1))
    assert (found.r2 > 0.6).all(), found.r2
    assert found.co_firing[found.alive].max() > 0.6
    strangers = UniversalDictionary((8, 6), 12, 2, seed=5)
    untrained = universality(strangers, planted(60, 1))
    assert untrained.r2.max() < 0.4
    x, y = planted(60, 1)
    mixed = universality(trained, [x, y.roll(1, 0)])
    assert mixed.r2[0, 1] < found.r2[0, 1] - 0.5
    assert mixed.co_firing[found.alive].mean() < found.co_firing[found.alive].mean() / 2


def test_the_measures_are_those_of_the_counts(trained):
    x = planted(20, 2)
    found = universality(trained, x, batch=7)
    a, b = (trained.encode(i, v) > 0 for i, v in enumerate(x))
    code = int((found.fired.min(0).values).argmax())
    n, m = int(a[:, code].sum()), int(b[:, code].sum())
    both = int((a & b)[:, code].sum())
    assert found.co_firing[code] == pytest.approx(both / (n + m - both))
    assert found.fired[:, code].tolist() == pytest.approx([n / 180, m / 180])
    p = torch.tensor([n / (n + m), m / (n + m)])
    assert found.entropy[code] == pytest.approx(float(-(p * p.log2()).sum()), abs=1e-5)
    error = x[1] - trained.decode(1, trained.encode(0, x[0]))
    spread = (x[1] - x[1].mean((0, 2, 3), keepdim=True)).square().sum()
    assert float(found.r2[0, 1]) == pytest.approx(float(1 - error.square().sum() / spread), abs=1e-4)


def test_training_goes_on_where_it_was_killed(tmp_path, trained):
    class Killed(Exception):
        pass

    def kill(what, done, total):
        if done == 150:
            raise Killed

    path = tmp_path / "state.pt"
    with pytest.raises(Killed):
        train_universal(planted(200, 0), SETTINGS, path, kill, "job")
    again = train_universal(planted(200, 0), SETTINGS, path, job="job")
    for name, value in trained.state_dict().items():
        assert torch.equal(again.state_dict()[name], value), name
    with pytest.raises(UserError, match="settings"):
        train_universal(planted(200, 0), UniversalSettings(codes=12, top_k=3, steps=300), path, job="job")


def test_standards_and_what_is_refused():
    x = torch.randn(9, 4, 2, 2, generator=torch.Generator().manual_seed(0)) * 3 + 1
    x[:, 2] = 5
    y = standard_of(x)(x)
    assert y.mean((0, 2, 3)).abs().max() < 1e-5
    assert y.movedim(1, 0).flatten(1).std(1).tolist() == pytest.approx([1, 1, 0, 1], abs=1e-5)
    with pytest.raises(ValueError, match="number of backbones = 1: must be >= 2"):
        UniversalDictionary((8,), 4, 2, 0)
    with pytest.raises(ValueError, match="pictures and grids of the activations"):
        train_universal([x, x[:, :, :1]], SETTINGS)
    with pytest.raises(ValueError, match=r"top_k = 9: must be in \[1, 8\], the codes"):
        UniversalSettings(codes=8, top_k=9)


def test_the_command_trains_shows_and_goes_on(tmp_path, monkeypatch):
    training, test = (Animals(*(column[:: len(column) // 150] for column in part)) for part in load_animals())
    for module in (job, second, animals):
        monkeypatch.setattr(module, "load_animals", lambda: (training, test))
    monkeypatch.setattr(
        job, "second_classifier", lambda plan, *rest: second.second_classifier(replace(plan, steps=3), *rest)
    )
    given = ["universal", "--codes", "32", "--steps", "20", "--shown", "2", "--pictures", "3", "--out", str(tmp_path)]
    done = CliRunner().invoke(main, given)
    assert done.exit_code == 0, done.output
    content = json.loads((tmp_path / "universal.json").read_text())
    alive = [code for code, there in enumerate(content["alive"]) if there]
    assert f"{len(alive)} of 32" in done.output
    first = sorted(alive, key=lambda code: -content["co-firing"][code])[:2]
    assert [content["co-firing"][k] for k in content["shown"]] == [content["co-firing"][k] for k in first]
    assert (tmp_path / "universal.png").read_bytes()[:4] == b"\x89PNG"
    monkeypatch.setattr("distributional_view.backends.usae.train._Run.advance", lambda *a: pytest.fail("trained again"))
    assert CliRunner().invoke(main, given).exit_code == 0
    assert json.loads((tmp_path / "universal.json").read_text()) == content
    other = CliRunner().invoke(main, [*given, "--seed", "1"])
    assert other.exit_code == 1
    assert "holds another job" in other.output
