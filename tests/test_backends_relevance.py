"""Layer-wise relevance propagation: what sums to what, where it is the gradient's, what has no rule, VITAL by it."""

import inspect
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from distributional_view.backends.adapter.feature import FeatureScore, LogSumExp
from distributional_view.backends.embedded.convnext import ConvNeXt, Hook
from distributional_view.backends.embedded.store import load_classifier, load_transcoder
from distributional_view.backends.embedded.world import feature_score, pictures, prior_world
from distributional_view.backends.options import SamplerOptions
from distributional_view.backends.paradigms import vital
from distributional_view.backends.paradigms.layers import ScoredLayers
from distributional_view.backends.paradigms.relevance import Rules, relevances
from distributional_view.backends.zoo.dinov3 import Backbone
from distributional_view.theory.seeds import part_seed

BELLY = 482


def without_biases(network, seed=0):
    """Random weights, scales of LayerNorm too, and no biases; its sums are exact in double precision."""
    rng = torch.Generator().manual_seed(part_seed(seed, 0))
    for name, parameter in network.named_parameters():
        parameter.data = 0.3 * torch.randn(parameter.shape, generator=rng) + 0.2
        if name.endswith("bias"):
            parameter.data.zero_()
    return network.double().eval().requires_grad_(False)


def small_convnext():
    """Maps of every stage and a score, of the embedded ConvNeXt."""
    network = without_biases(ConvNeXt((2, 1), (6, 8), classes=3))
    return ScoredLayers(lambda x: network(x)[:, 1], [*network.downsample_layers, *network.stages]), (1, 16, 16)


def small_dinov3():
    """The same of DINOv3's."""
    network = without_biases(Backbone((6, 8), (2, 1), (1, 1)))
    layers = [*(stage.downsample_layers[1] for stage in network.stages), network.stages[0].layers[0]]
    return ScoredLayers(lambda x: network(x)[:, 3].relu().amax((1, 2)), layers), (3, 16, 16)


def drawn(shape, n=4, seed=0):
    rng = torch.Generator().manual_seed(part_seed(seed, 1))
    return torch.randn(n, *shape, generator=rng, dtype=torch.float64)


@pytest.mark.parametrize("network", [small_convnext, small_dinov3])
def test_each_layer_has_the_whole_score_without_biases(network):
    layers, shape = network()
    x = drawn(shape)
    score = layers(x)[1].numpy()
    assert np.abs(score).min() > 1e-3
    by_lrp = [part.sum((1, 2, 3)).numpy() for part in relevances(layers, x, "LRP")]
    assert by_lrp == [pytest.approx(score, rel=1e-4) for _ in by_lrp]  # 1e-6 is added to each variance
    by_gradient = [part.sum((1, 2, 3)).numpy() for part in relevances(layers, x, "gradient")]
    assert all(np.abs(found - score).max() > 0.2 * np.abs(score).max() for found in by_gradient)


def test_a_bias_takes_its_part():
    """Behind the layer: the shares are the score less the bias; before it: nothing is lost."""
    layer, last = nn.Conv2d(1, 4, 3), nn.Linear(4, 1)
    middle = nn.GELU()
    for module in (layer, last):
        module.requires_grad_(False)
    layers = ScoredLayers(lambda x: last(middle(layer(x)).mean((2, 3)))[:, 0], [layer])
    x = drawn((1, 6, 6)).float()
    (found,) = relevances(layers, x, "LRP")
    assert found.sum((1, 2, 3)).numpy() == pytest.approx((layers(x)[1] - last.bias).numpy(), abs=1e-6)


def test_it_is_the_gradient_where_all_is_linear_or_rectified():
    layer, norm, last = nn.Conv2d(2, 4, 3), nn.BatchNorm2d(4).eval(), nn.Conv2d(4, 3, 2)
    norm.running_var.fill_(2.3)
    for module in (layer, norm, last):
        module.requires_grad_(False)
    layers = ScoredLayers(lambda x: last(norm(layer(x)).relu()).amax((1, 2, 3)) / 3 - 0.5, [layer, norm])
    x = drawn((2, 9, 9)).float()
    for ours, other in zip(relevances(layers, x, "LRP"), relevances(layers, x, "gradient"), strict=True):
        assert torch.equal(ours, other)


class ResponseNorm(nn.Module):
    """Channels by their size over positions, against the mean of all channels."""

    def forward(self, x):
        size = torch.norm(x, p=2, dim=(2, 3), keepdim=True)
        return x * (size / (size.mean(1, keepdim=True) + 1e-6)) + x


@pytest.mark.parametrize("between", [nn.GELU(), nn.GELU("tanh"), nn.SiLU(), nn.SiLU(inplace=True), ResponseNorm()])
def test_gates_and_norms_are_constants(between):
    """Against the network in which each activation is multiplied by what multiplies it at this picture."""
    first, last = nn.Conv2d(1, 4, 3, bias=False).double(), nn.Conv2d(4, 1, 4, bias=False).double()
    for module in (first, last):
        module.requires_grad_(False)
    x = drawn((1, 6, 6), n=2)
    layers = ScoredLayers(lambda x: last(between(1 * first(x))).sum((1, 2, 3)), [first])
    activations = first(x)
    multiplier = between(activations.clone()) / activations
    by_hand = activations * multiplier * last.weight
    assert relevances(layers, x, "LRP")[0].numpy() == pytest.approx(by_hand.numpy(), rel=1e-9, abs=1e-12)
    other = relevances(layers, x, "gradient")[0]
    assert float((other - by_hand).abs().max()) > 0.02 * float(by_hand.abs().max())


def test_values_stay_and_nothing_is_left_behind():
    psi = feature_score(BELLY)
    x = pictures().images[:3].clone().requires_grad_()
    before = torch.autograd.grad(psi(x).sum(), x)[0]
    with Rules():
        score = psi(x)
    assert score.detach().numpy() == pytest.approx(psi(x).detach().numpy(), abs=1e-5)
    inside = torch.autograd.grad(score.sum(), x)[0]
    with pytest.raises(RuntimeError, match="stop"), Rules():
        raise RuntimeError("stop")
    assert torch.equal(torch.autograd.grad(psi(x).sum(), x)[0], before)
    assert float((inside - before).abs().max()) > 0.05 * float(before.abs().max())


@pytest.mark.parametrize(
    ("function", "told"),
    [
        (lambda x: x.softmax(1), "function softmax of the network = 'without a rule of relevance': must be one of"),
        (lambda x: x * x, "function mul of the network = 'of 2 factors that vary': must be of one that does"),
        (lambda x: 1 / x, "function __rdiv__ of the network"),
        (lambda x: x / x, "a denominator of the network = 'one that varies': must be a constant"),
        (LogSumExp(), "function logsumexp of the network"),
        (nn.GroupNorm(1, 1), "function group_norm of the network"),
        (nn.BatchNorm2d(1).train(), "batch_norm = 'in training': must be in evaluation"),
    ],
)
def test_what_has_no_rule_is_refused(function, told):
    x = drawn((1, 3, 3)).float().requires_grad_()
    with pytest.raises(ValueError, match=told), Rules():
        function(x[:, 0] if isinstance(function, LogSumExp) else x)


def test_what_does_not_depend_on_the_pictures_needs_no_rule():
    x, gate = drawn((1, 3, 3)).float().requires_grad_(), torch.linspace(-1, 1, 3)
    with Rules():
        found = x * gate.sigmoid() + (x.detach() * x.detach()).softmax(-1)
    plain = float((x * gate.sigmoid()).detach().sum())
    assert float(found.detach().sum()) == pytest.approx(plain + 4 * 3, rel=1e-5)


# VITAL


@pytest.fixture(scope="module")
def belly():
    classifier, (transcoder, hook) = load_classifier(), load_transcoder()
    psi = FeatureScore(classifier.backbone(hook), transcoder, BELLY, preprocess=lambda x: x, share=1.0, gated=False)
    layers = ScoredLayers(psi, [classifier.stages[0], classifier.stages[1], classifier.downsample_layers[2]])
    some = pictures().images[::20]
    scores = psi(some).detach()
    best = some[scores.argsort(descending=True)[:30]]
    assert hook == Hook(2, 0)
    return prior_world(psi, SamplerOptions(steps=10)), layers, best, float(scores.quantile(0.8))


def test_vital_by_lrp_reaches_the_level(belly):
    world, layers, best, level = belly
    method = vital.Vital(world, layers, best, replace(vital.SMALL, relevance="LRP"))
    drawn = method.draw(level, 0, 3)
    assert drawn.scores == pytest.approx(np.full(3, level), rel=0.03)
    grey = float(world.score(torch.zeros(1, 1, 32, 32))[0])
    assert grey < level - 0.5


def test_its_weights_are_those_of_the_rule(belly):
    world, layers, best, _ = belly
    by_gradient = vital.Vital(world, layers, best, vital.SMALL)
    by_lrp = replace(by_gradient, settings=replace(vital.SMALL, relevance="LRP"))
    alike = replace(by_gradient, settings=replace(vital.SMALL, relevance=None))
    assert all(weights is None for _, weights in alike.matched)
    for place, (ours, other) in enumerate(zip(by_lrp.matched, by_gradient.matched, strict=True)):
        wanted = relevances(layers, best, "LRP")[place].abs().sum((0, 2, 3))
        assert torch.allclose(ours[1], wanted / wanted.mean())
        same = bool(torch.allclose(ours[1], other[1]))
        assert same == (place == 2)  # behind the last layer all is linear or chosen
    score = layers(best)[1].detach()
    share = {
        rule: [float((part.sum((1, 2, 3)) / score).mean()) for part in relevances(layers, best, rule)]
        for rule in ("gradient", "LRP")
    }
    assert share["gradient"][:2] == pytest.approx([0, 0], abs=0.02)  # a LayerNorm reads both, whatever their size
    assert min(share["LRP"]) > 1
    assert share["gradient"][2] == pytest.approx(share["LRP"][2], rel=1e-4)
    assert vital.PUBLISHED_UNIT.relevance == "LRP"
    with pytest.raises(ValueError, match=r"relevance = 'lrp': must be one of \('gradient', 'LRP', None\)"):
        inspect.unwrap(vital.VitalSettings.__post_init__)(SimpleNamespace(**vars(vital.SMALL) | {"relevance": "lrp"}))
    with pytest.raises(ValueError, match="layer 0 = 'without influence on the score'"):
        relevances(ScoredLayers(lambda x: 0 * layers.psi(x), layers.modules), best[:2], "LRP")
