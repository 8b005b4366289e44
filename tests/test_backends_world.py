"""The torch adapter's contract: the same samples, calibration and retrieval as the JAX world; errors to act on."""

from functools import cache

import numpy as np
import pytest
import torch

from distributional_view.backends.adapter.passes import ModelFailed
from distributional_view.backends.adapter.world import TorchWorld
from distributional_view.theory.pools.retrieval import retrieve, reweight_to
from distributional_view.theory.samplers.ascent import Ascent
from distributional_view.theory.samplers.energy_dps import calibrate_strength, energy_dps, unguided
from distributional_view.theory.samplers.schedule import NoiseSchedule, each
from distributional_view.theory.samplers.twisted_smc import twisted_smc
from distributional_view.theory.samplers.world import World
from distributional_view.toy.diffused import MixtureWorld
from tests.support.one_mixture import MEANS, PSI, SCHEDULE, VARIANCES, WEIGHTS, N, mixture, noise_in, square
from tests.support.torch_mixture import MixtureDenoiser, torch_mixture

torch.set_num_threads(1)


def port(**options):
    return torch_mixture(WEIGHTS, MEANS, VARIANCES, 3.7, 0.6, steps=SCHEDULE.steps, **options)


def torch_noise(dtype=torch.float64, seed=5, n=N):
    raw = np.random.default_rng(seed).normal(size=(SCHEDULE.steps + 1, n, 2))
    return lambda i: torch.tensor(raw[int(i)], dtype=dtype)


@pytest.fixture(scope="module")
def oracle():
    return MixtureWorld(mixture(), PSI, SCHEDULE)


@pytest.fixture(scope="module")
def samples(oracle):
    """The oracle's samples with a cap of 6, by schedule of the guidance and strength; each computed once."""

    @cache
    def at(zeta, strength):
        return oracle.to_numpy(energy_dps(oracle, noise_in(oracle), strength, zeta, cap=6.0))

    return at


@pytest.mark.parametrize("prediction", ["sample", "epsilon", "v"])
@pytest.mark.parametrize(("zeta", "strength"), [("tilt", 0.2), ("constant", 0.01)])
def test_same_noise_same_samples_as_jax(samples, prediction, zeta, strength):
    ours = samples(zeta, strength)
    assert isinstance(port(prediction=prediction), World)
    for batch in (None, 64):
        w = port(prediction=prediction, batch=batch, recompute=batch is not None)
        assert np.abs(w.to_numpy(energy_dps(w, torch_noise(), strength, zeta, cap=6.0)) - ours).max() < 1e-8


def test_single_precision_and_autocast_stay_close(oracle):
    reference = oracle.to_numpy(energy_dps(oracle, noise_in(oracle), 0.2))
    single = port(dtype=torch.float32)
    x = energy_dps(single, torch_noise(torch.float32), 0.2)
    assert x.dtype == torch.float32
    assert np.median(np.abs(single.to_numpy(x) - reference)) < 1e-4

    network = torch.nn.Sequential(torch.nn.Linear(2, 64), torch.nn.SiLU(), torch.nn.Linear(64, 2)).requires_grad_(False)
    kinds = []

    def denoiser(x, time):
        out = network(x)
        kinds.append(out.dtype)
        return out

    low = TorchWorld(denoiser, lambda x: x[:, 0], SCHEDULE, (2,), "sample", autocast=torch.bfloat16)
    row = next(each(SCHEDULE.rows))
    found = low.guidance(torch_noise(torch.float32)(0), row)
    high = TorchWorld(denoiser, lambda x: x[:, 0], SCHEDULE, (2,), "sample").guidance(
        torch_noise(torch.float32)(0), row
    )
    assert kinds == [torch.bfloat16, torch.float32]
    assert {t.dtype for t in found} == {torch.float32}
    for a, b in zip(found, high, strict=True):
        assert 0 < (a - b).abs().max() < 0.05


def test_same_calibration_retrieval_twist_and_ascent_as_jax(oracle):
    w = port()
    ours, other = (
        calibrate_strength(oracle, noise_in(oracle), 4.5, 1e-6),
        calibrate_strength(w, torch_noise(), 4.5, 1e-6),
    )
    assert ours.evaluations == other.evaluations
    assert other.knob == pytest.approx(ours.knob, rel=1e-7)
    pool = np.random.default_rng(0).normal(size=(500, 2))
    scores = [v.to_numpy(v.score(v.from_numpy(pool))) for v in (oracle, w)]
    assert np.array_equal(*(retrieve(s, 5.0).indices for s in scores))
    assert np.allclose(*(reweight_to(s, 5.0).weights for s in scores), rtol=1e-9)
    runs = [
        twisted_smc(v, noise, 0.5, seed=1, strength=0.3)
        for v, noise in ((oracle, noise_in(oracle)), (w, torch_noise()))
    ]
    assert np.abs(runs[0].weights - runs[1].weights).max() < 1e-9
    starts = np.random.default_rng(0).uniform(-4, 4, (50, 2))
    ends = [v.to_numpy(Ascent(v, square, starts, 5).climb(0.5).x) for v in (oracle, w)]
    assert np.abs(ends[0] - ends[1]).max() < 1e-6


def test_noise_and_prior_are_functions_of_the_seed():
    w = port()
    assert torch.equal(w.noise(3, 5)(2), w.noise(3, 5)(2))
    others = [w.noise(4, 5)(2), w.noise(3, 5)(1), w.noise(3, 5)(0)]
    assert not any(torch.equal(w.noise(3, 5)(2), o) for o in others)
    z = torch.stack([w.noise(0, 1000)(i) for i in range(20)])
    assert abs(float(z.mean())) < 5 / np.sqrt(z.numel())
    assert abs(float(z.var()) - 1) < 5 * np.sqrt(2 / z.numel())
    assert torch.equal(w.sample_prior(1, 20), unguided(w, w.noise(1, 20)))
    assert port(prior=lambda seed, n: torch.full((n, 2), float(seed))).sample_prior(7, 3).tolist() == [[7.0, 7.0]] * 3


def test_one_forward_and_one_backward_a_guidance_and_no_graph_left():
    calls = []
    inner = MixtureDenoiser(WEIGHTS, MEANS, VARIANCES, NoiseSchedule.linear())

    def denoiser(x, time):
        calls.append(len(x))
        return inner(x, time)

    row = next(each(SCHEDULE.rows))
    w = TorchWorld(denoiser, lambda x: x[:, 0], SCHEDULE, (2,), "sample", dtype=torch.float64, batch=128)
    found = w.guidance(torch_noise()(0), row)
    assert calls == [128, 128, 44]
    assert not any(t.requires_grad for t in found)
    calls.clear()
    w.guidance(torch_noise()(0)[:9], row)
    recomputed = TorchWorld(denoiser, lambda x: x[:, 0], SCHEDULE, (2,), "sample", dtype=torch.float64, recompute=True)
    recomputed.guidance(torch_noise()(0)[:9], row)
    assert calls == [9, 9, 9]  # one, then one with its recomputation


def test_clip_bounds_the_estimate_and_stops_the_gradient():
    w, row = port(clip=(-1.0, 1.0)), list(each(SCHEDULE.rows))[-1]
    found = w.guidance(torch.tensor([[3.0, 2.0], [0.2, -0.3]], dtype=torch.float64), row)
    assert found.x0_hat[0].tolist() == [1.0, 1.0]
    assert found.gradient[0].tolist() == [0.0, 0.0]
    assert found.gradient[1].abs().min() > 0


ROW = next(each(SCHEDULE.rows))


def broken(denoiser=None, psi=None, **options):
    return TorchWorld(
        denoiser or (lambda x, t: 0.5 * x), psi or (lambda x: x.sum(1)), SCHEDULE, (2,), "sample", **options
    )


@pytest.mark.parametrize(
    ("world", "message"),
    [
        (broken(denoiser=lambda x, t: torch.cat([x, x], 1)), r"\(4, 4\).*\(4, 2\).*variances"),
        (broken(denoiser=lambda x, t: x[:, :1]), r"denoiser gave shape \(4, 1\)"),
        (broken(denoiser=lambda x, t: x / 0), r"denoised estimate is not finite at time 999 for 4 of 4"),
        (
            broken(denoiser=lambda x, t: torch.nn.functional.linear(x, torch.ones(3, 3))),
            r"denoiser, at time 999.*failed",
        ),
        (broken(psi=lambda x: x), r"score gave shape \(4, 2\), not one number a point"),
        (broken(psi=lambda x: x.detach().sum(1)), "does not depend on its input"),
        (broken(psi=lambda x: torch.ones(len(x), requires_grad=True) * 2), "does not depend on its input"),
        (broken(psi=lambda x: torch.log(-x.abs()).sum(1)), "score is not finite"),
        (broken(psi=lambda x: (0 * x).sqrt().sum(1)), "gradient of the score is not finite"),
    ],
)
def test_models_that_no_sampler_can_use_are_named(world, message):
    with pytest.raises(ModelFailed, match=f"(?s){message}"):
        world.guidance(torch.ones(4, 2), ROW)


def test_out_of_memory_comes_with_advice():
    def hungry(x, t):
        raise torch.OutOfMemoryError("CUDA out of memory")

    with pytest.raises(ModelFailed, match=r"out of memory in the denoiser, at time 999.*smaller batch.*bfloat16"):
        broken(denoiser=hungry).guidance(torch.ones(4, 2), ROW)


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"shape": ()}, "shape"),
        ({"prediction": "x0"}, "prediction"),
        ({"clip": (1.0, -1.0)}, "clip"),
        ({"dtype": torch.int64}, "dtype"),
        ({"batch": 0}, "batch"),
    ],
)
def test_bad_arguments_are_named(options, name):
    arguments = {"shape": (2,), **options}
    with pytest.raises(Exception, match=name):
        TorchWorld(lambda x, t: x, lambda x: x.sum(1), SCHEDULE, **arguments)
    with pytest.raises(ValueError, match=r"shape of points = \(4, 3\)"):
        broken().score(torch.ones(4, 3))
