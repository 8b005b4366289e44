"""Searches for prompts: soft, by straight-through Gumbel, by coordinates; their knob, their report, their refusals."""

import itertools
import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from distributional_view.backends.embedded.prompted import embedded_prior
from distributional_view.backends.paradigms import coordinates, dexter, diffexplainer
from distributional_view.backends.paradigms.prompted import PromptedPrior
from distributional_view.backends.paradigms.prompts import CHOICE, FRESH, OWN, PromptFound, Sampling, Trial, chosen
from distributional_view.theory.errors import CalibrationFailed
from distributional_view.theory.methods.method import Method, in_memory
from distributional_view.theory.samplers.energy_dps import unguided
from tests.support.linear_prior import WORDS, LinearPrior, world_of

FEW = Sampling(2, 1.0, 3, checked=5)
SOFT = diffexplainer.SoftSettings(FEW, 2, 40, 0.1, 1, fixed_noise=True)
GUMBEL = dexter.GumbelSettings(FEW, 2, 15, learning_rate=0.3, starts=2, kept=3)
COORDINATE = coordinates.CoordinateSettings(FEW, 3)
MAKERS = {
    diffexplainer.NAME: (diffexplainer.DiffExplainer, SOFT),
    dexter.NAME: (dexter.Dexter, GUMBEL),
    coordinates.NAME: (coordinates.CoordinateSearch, COORDINATE),
    coordinates.SINGLE: (coordinates.CoordinateSearch, replace(COORDINATE, words=1)),
}
BOTH = list(MAKERS)


def bowl(x):
    """Largest, 2, at (1.2, -0.9)."""
    return 2 - (x[:, 0, 0, 0] - 1.2) ** 2 - (x[:, 1, 0, 0] + 0.9) ** 2


def made(name, prior=None, **changed):
    kind, settings = MAKERS[name]
    how = {"tolerance": 1e-3, "seed": 0, "runs": 8} | {k: v for k, v in changed.items() if k != "settings"}
    return kind(prior=prior or LinearPrior(), settings=changed.get("settings", settings), **how)


# Straight through


def test_straight_through_takes_the_largest_and_has_the_softmax_gradient():
    rng = torch.Generator().manual_seed(0)
    logits = torch.randn(4, 6, generator=rng, dtype=torch.float64).requires_grad_()
    noise, weights = dexter.gumbel((4, 6), rng), torch.randn(4, 6, generator=rng, dtype=torch.float64)
    for temperature in (1.0, 0.3):
        found = dexter.straight_through(logits, noise, temperature)
        assert torch.allclose(found.sum(1), torch.ones(4, dtype=torch.float64))
        assert torch.equal(found.argmax(1), (logits + noise).argmax(1))
        assert torch.allclose(found.detach().square(), found.detach(), atol=1e-12)  # zeros and ones
        (mine,) = torch.autograd.grad((found * weights).sum(), logits)
        soft = ((logits + noise) / temperature).softmax(1)
        (wanted,) = torch.autograd.grad((soft * weights).sum(), logits)
        assert wanted.abs().max() > 0.01
        assert torch.allclose(mine, wanted)


def test_the_softmax_becomes_the_sample_as_the_temperature_falls():
    rng = torch.Generator().manual_seed(1)
    logits, noise = torch.randn(5, 7, generator=rng, dtype=torch.float64), dexter.gumbel((5, 7), rng)
    hard = dexter.straight_through(logits, noise, 1.0)
    gaps = [float(((logits + noise) / t).softmax(1).sub(hard).abs().max()) for t in (1.0, 0.1, 0.01, 0.001)]
    assert gaps == sorted(gaps, reverse=True)
    assert gaps[0] > 0.1
    assert gaps[-1] < 1e-6


def test_a_word_is_sampled_with_the_chance_of_its_softmax():
    logits = torch.tensor([[0.0, 1.0, -0.5]], dtype=torch.float64)
    noise = dexter.gumbel((20_000, 3), torch.Generator().manual_seed(2))
    counts = dexter.straight_through(logits.expand(20_000, 3), noise, 1.0).mean(0)
    wanted = logits.softmax(1)[0]
    assert ((counts - wanted).abs() < 4 * (wanted * (1 - wanted) / 20_000).sqrt()).all()


# Searches that can be solved by hand


def brute_force(score, length):
    """The best of all prompts of up to so many words, by the score at the sum of vectors."""
    table = np.array(list(WORDS.values()))
    rows = [row for n in range(1, length + 1) for row in itertools.combinations_with_replacement(range(5), n)]
    sums = torch.from_numpy(np.array([table[list(row)].sum(0) for row in rows]))
    values = score(sums[:, :, None, None])
    return float(values.max()), {tuple(WORDS)[i] for i in rows[int(values.argmax())]}


@pytest.mark.parametrize(("name", "length"), [(coordinates.SINGLE, 1), (coordinates.NAME, 3), (dexter.NAME, 2)])
def test_hard_searches_find_the_best_prompt(name, length):
    """A bowl whose best prompt is not made of the best single word alone."""
    prior = LinearPrior(world_of(bowl))
    found = made(name, prior).found()
    _, best = brute_force(bowl, length)
    assert set(found.words) == best
    assert found.single == "right"
    assert found.near == pytest.approx((1.0,) * len(found.words))


def test_soft_search_leaves_the_words_for_the_best_vectors():
    found = made(diffexplainer.NAME, LinearPrior(world_of(bowl))).found()
    assert found.vectors.sum(1)[0].tolist() == pytest.approx([1.2, -0.9], abs=0.2)
    assert found.fresh > max(1.9, found.single_fresh + 0.3)
    assert min(found.near) < 1 - 1e-4
    assert found.norms == pytest.approx(found.vectors[0].norm(dim=1).tolist())
    assert found.word_norm == pytest.approx(np.linalg.norm(list(WORDS.values()), axis=1).mean())


def test_new_noise_at_every_iteration_and_a_prefix():
    prior = LinearPrior(world_of(bowl))
    plain = made(diffexplainer.NAME, prior).found()
    other = made(diffexplainer.NAME, prior, settings=replace(SOFT, fixed_noise=False)).found()
    assert not torch.allclose(plain.vectors, other.vectors, atol=1e-6)
    told = made(diffexplainer.NAME, prior, settings=replace(SOFT, prefix="down near"))
    assert told.found().vectors.sum(1)[0].tolist() == pytest.approx([1.1, -0.2], abs=0.2)
    assert told.draw(1.0, 0, 400).mean == pytest.approx(2, abs=0.1)


def test_fewer_words_are_tried_if_wanted():
    trial = Trial(LinearPrior(), FEW, 0)
    some = trial.candidates(2)
    assert len(set(some.tolist())) == 2
    assert trial.candidates(None).tolist() == trial.candidates(9).tolist() == [0, 1, 2, 3, 4]
    assert {tuple(trial.candidates(2, place).tolist()) for place in range(20)} != {tuple(some.tolist())}
    assert trial.best_word(2) in some


# What is chosen and reported


def test_the_choice_and_the_report_are_on_other_noises_than_the_search():
    trial = Trial(LinearPrior(world_of(bowl)), FEW, 3)
    ends = [trial.vectors((0,)), trial.vectors((3, 1)), trial.vectors((2,))]
    found = chosen(trial, ends, 3)
    assert found.words == ("right", "down")
    assert found.ends == pytest.approx([trial.mean(end, CHOICE) for end in ends])
    assert found.own == trial.mean(ends[1], OWN)
    assert found.fresh == trial.mean(ends[1], FRESH)
    assert found.optimism == found.own - found.fresh
    assert len({found.own, found.fresh, trial.mean(ends[1], CHOICE)}) == 3
    assert found.single_fresh == trial.of_words((3,), FRESH)
    with pytest.raises(ValueError, match="number of prompts = 0: must be >= 1"):
        chosen(trial, [], 0)


def test_optimism_is_what_selection_on_few_noises_makes():
    """Of many equal prompts the best on the search's noise is no better on others."""
    names = {f"word {i}": (0.0, 0.0) for i in range(12)}

    class Whim(LinearPrior):
        """Each word is an own turn of the noise."""

        def embed(self, words):
            return torch.stack([words.double(), torch.zeros_like(words).double()], dim=-1)

        def predict(self, x_t, time, condition):
            turn = condition[:, :1, None, None]
            return torch.cat([(turn.cos() * x_t[:, :1] + turn.sin() * x_t[:, 1:]), 0 * x_t[:, 1:]], dim=1)

    found = [made(coordinates.SINGLE, Whim(words=names), seed=seed).found().optimism for seed in range(8)]
    assert np.mean(found) > 3 * np.std(found) / 8**0.5
    assert np.mean(found) > 0.3


def test_a_found_prompt_survives_json():
    found = made(coordinates.NAME).found()
    again = PromptFound.of_row(json.loads(json.dumps(found.row())))
    assert again.words == found.words
    assert torch.equal(again.vectors, found.vectors)
    assert again._replace(vectors=found.vectors) == found
    method = made(coordinates.NAME, known=again)
    assert method.found() is again
    assert method.draw(1.0, 0, 4).scores.tolist() == made(coordinates.NAME).draw(1.0, 0, 4).scores.tolist()


# The knob


@pytest.mark.parametrize("name", BOTH)
def test_guidance_brings_the_mean_to_the_level(name):
    """Of a linear score the mean is linear in the guidance: known by hand."""
    if name == diffexplainer.NAME:
        method = made(name, settings=replace(SOFT, iterations=5))
    else:
        method = made(name, remember=in_memory({}))
    assert isinstance(method, Method)
    slope = float(3 * method.found().vectors.sum(1)[0, 0] + method.found().vectors.sum(1)[0, 1])
    for target in (1.0, 2.5):
        found = method.calibrate(target)
        assert found.mean == pytest.approx(target, abs=1e-3)
        assert found.knob == pytest.approx(target / slope, abs=0.1)
        drawn = method.draw(found.knob, 5, 4000)
        assert drawn.mean == pytest.approx(target, abs=0.1)
    assert drawn.points.shape == (4000, 2, 1, 1)
    assert drawn.notes["optimism"] == method.found().optimism
    assert torch.equal(method.draw(0.7, 5, 4).points, method.draw(0.7, 5, 4).points)
    assert not torch.equal(method.draw(0.7, 5, 4).points, method.draw(0.7, 6, 4).points)


def test_guidance_zero_is_the_prior():
    prior = LinearPrior()
    drawn = made(coordinates.NAME, prior).draw(0.0, 3, 5)
    assert torch.equal(drawn.points, unguided(prior.world, prior.world.noise(3, 5)))


def test_a_level_out_of_reach_is_told_with_what_was_reached():
    method = made(coordinates.SINGLE, LinearPrior(world_of(bowl)))
    with pytest.raises(CalibrationFailed, match=r"target = 5\.0: the target is out of reach") as failure:
        method.calibrate(5.0)
    assert max(failure.value.runs.values()) < 2
    assert min(method.most, failure.value.nearest(5.0)) <= method.most
    steep = made(coordinates.SINGLE)
    with pytest.raises(CalibrationFailed, match="guidance in"):
        steep.calibrate(1.1 * steep.most * 3.2)  # the prompt's own mean is 3.2
    assert steep.calibrate(0.9 * steep.most * 3.2).knob <= steep.most
    with pytest.raises(ValueError, match=r"guidance = 9\.0: must be in \[0, 8\]"):
        steep.draw(9.0, 0, 1)


# Refusals


@pytest.mark.parametrize("name", BOTH)
def test_an_empty_vocabulary_and_a_prompt_too_long_are_refused(name):
    with pytest.raises(ValueError, match=r"vocabulary = \(\): must be at least one word"):
        made(name, LinearPrior(words={}))
    settings = MAKERS[name][1]
    field = "tokens" if name == diffexplainer.NAME else "words"
    with pytest.raises(ValueError, match=r"words of the prompt = 7: must be in \[0, 6\]"):
        made(name, settings=replace(settings, **{field: 7}))
    with pytest.raises(ValueError, match=r"words of the prompt = 7"):
        made(name, settings=replace(settings, prefix="up " * 4, **{field: 3}))


def test_bad_settings_are_named():
    for settings, name in (
        (SOFT, "tokens"),
        (SOFT, "iterations"),
        (SOFT, "starts"),
        (SOFT, "learning_rate"),
        (SOFT, "tried"),
        (GUMBEL, "words"),
        (GUMBEL, "iterations"),
        (GUMBEL, "kept"),
        (GUMBEL, "temperature"),
        (GUMBEL, "learning_rate"),
        (GUMBEL, "tried"),
        (COORDINATE, "words"),
        (COORDINATE, "rounds"),
        (COORDINATE, "starts"),
        (COORDINATE, "tried"),
        (FEW, "steps"),
        (FEW, "pictures"),
        (FEW, "checked"),
    ):
        with pytest.raises(ValueError, match=f"{name} = 0: must be >"):
            replace(settings, **{name: 0})
    with pytest.raises(ValueError, match=r"guidance = -1: must be >= 0"):
        replace(FEW, guidance=-1)


# On the embedded world


def test_searches_raise_the_activation_of_the_embedded_world():
    prior = embedded_prior(482, 6, "time")
    assert isinstance(prior, PromptedPrior)
    few = Sampling(4, 1.0, 2, "2M-SDE", checked=6)
    how = {"prior": prior, "tolerance": 0.3, "seed": 0, "runs": 6, "solver": "2M-SDE"}
    single = coordinates.CoordinateSearch(settings=replace(coordinates.SINGLE_SMALL, sampling=few), **how)
    before = single.draw(0.0, 1, 8).mean
    assert single.draw(1.0, 1, 8).mean > before + 0.3
    soft = diffexplainer.DiffExplainer(
        settings=replace(diffexplainer.SMALL, sampling=few, iterations=4, starts=1), **how
    )
    assert soft.found().fresh > Trial(prior, few, 0).mean(prior.embed(torch.zeros(1, 0, dtype=torch.long)), FRESH) + 0.3
    drawn = soft.draw(2.0, 0, 2)
    assert np.asarray(prior.world.score(drawn.points)) == pytest.approx(drawn.scores, rel=1e-5)
